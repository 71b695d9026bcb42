#!/usr/bin/env python3
"""Which of Freesound's recordings that packages' credits name are in a test set, too.

    overlap.py --packages OUT_OF_FETCH TABLE.csv…

TABLE.csv   us8k.csv (19026-1-0-0.ogg is of recording 19026) or esc10.csv (5-9032-A-0.wav is of 9032; fold 5 counts)

Most packages name no numbers, so that what is not found here may still be in both. test.sh leaves out what was found.
"""

import argparse
import csv
import gzip
import os
import re

NUMBER = re.compile(rb"freesound\.org/(?:people/[^/\s]+/sounds/|s/|sounds/|samplesViewSingle\.php\?id=)(\d+)")
LONGEST = 4 << 20  # credits are no larger


def numbers_of(folder):
    found = set()
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            if not os.path.isfile(path) or os.path.getsize(path) > LONGEST:
                continue
            with (gzip.open if name.endswith(".gz") else open)(path, "rb") as f:
                found |= {int(n) for n in NUMBER.findall(f.read(LONGEST))}
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--packages", required=True)
    parser.add_argument("tables", nargs="+")
    arguments = parser.parse_args()
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "packages.csv"), newline="") as f:
        names = [r["package"] for r in csv.DictReader(f)]
    credits = {n: numbers_of(os.path.join(arguments.packages, "unpacked", n)) for n in names}
    every = set().union(*credits.values())
    print(f"{len(every)} numbers in {sum(bool(c) for c in credits.values())} of {len(names)} packages")
    for table in arguments.tables:
        with open(table, newline="") as f:
            rows = list(csv.DictReader(f))
        # Freesound's number comes first in UrbanSound8K's names, after the fold in ESC-10's.
        part = 1 if rows[0]["filename"].count("-") == 3 and re.fullmatch("[A-Z]", rows[0]["filename"].split("-")[2]) else 0
        tested = {int(r["filename"].split("-")[part]) for r in rows if part == 0 or r["fold"] == "5"}
        for number in sorted(every & tested):
            print(f"{table}: {number}, in {', '.join(n for n, c in credits.items() if number in c)}")
        print(f"{table}: {len(every & tested)} of {len(tested)} recordings")


if __name__ == "__main__":
    main()
