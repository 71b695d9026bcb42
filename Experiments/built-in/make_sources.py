#!/usr/bin/env python3
"""Writes SOURCES.md from DATA/sources.csv, DATA/hours.csv, OUT/packages.tsv and licences.csv.

    make_sources.py --packages OUT_OF_FETCH --data DATA --city CITY [--lock] > SOURCES.md

--data, --city  folders of make_data.py after choose.py
--lock          also writes packages.lock beside this script (package, version, sha256), against which fetch.sh notes
                differences
"""

import argparse
import csv
import os


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--packages", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--city", required=True)
    parser.add_argument("--lock", action="store_true")
    arguments = parser.parse_args()
    here = os.path.dirname(os.path.abspath(__file__))

    def rows(path, **options):
        with open(path, newline="") as f:
            return list(csv.DictReader(f, **options))

    # Licences hold no comma, so that the file stays plain.
    licences = {r["package"]: r["licence"] for r in rows(os.path.join(here, "licences.csv"))}
    if arguments.lock:
        locked = rows(os.path.join(arguments.packages, "packages.tsv"), delimiter="\t")
        with open(os.path.join(here, "packages.lock"), "w") as f:
            for r in locked:
                f.write(f"{r['package']}\t{r['version']}\t{r['sha256']}\n")
    print("# What the built-in model was trained on\n")
    print("Written by `make_sources.py`. Packages are Debian's, section `main`; the licence is the audio's, as the package's")
    print("own `copyright` file gives it. *Decoded* is the audio that was drawn from, after the caps of `sources.py`;")
    print("*sounds in* counts the hours of all clips that were made in which the source is heard, so that mixtures count for")
    print("each of theirs. 4 % of the clips were kept back; of the others `choose.py` chose what `run.sh` trains on, table by table.")

    def seconds(folder, row):
        return (os.path.getsize(os.path.join(folder, row["filename"])) - 44) / 2 / 32000  # 16 bits at 32 kHz

    def section(folder, *tables):
        print("\n| table | clips to train on | hours |\n|---|---:|---:|")
        for name in tables:
            used = [r for r in rows(os.path.join(folder, name + ".csv")) if r["fold"] == "1"]
            print(f"| {name} | {len(used)} | {sum(seconds(folder, r) for r in used) / 3600:.2f} |")
        print("\n| package | version | licence of the audio | what | files | decoded, h | sounds in, h |")
        print("|---|---|---|---|---:|---:|---:|")
        for r in rows(os.path.join(folder, "sources.csv")):
            files = r["files"] if int(r["files"]) else "–"
            hours = f"{float(r['hours_decoded']):.2f}" if float(r["hours_decoded"]) else "–"
            print(f"| {r['package']} | {r['version'] or '–'} | {licences[r['package']]} | {r['what']} | {files} | {hours} "
                  f"| {r['hours_of_clips']} |")
        print("\n| clips built on | hours |\n|---|---:|")
        kinds = rows(os.path.join(folder, "hours.csv"))
        for r in kinds:
            print(f"| {r['kind']} | {float(r['hours']):.2f} |")
        print(f"| all | {sum(float(r['hours']) for r in kinds):.2f} |")

    print("\n## General")
    section(arguments.data, "table", "sparse", "rarer", "rarest")
    print("\n## Streets and yards")
    section(arguments.city, "chosen", "rarer", "rarest")


if __name__ == "__main__":
    main()
