#!/usr/bin/env python3
"""Leaves out some of the clips that a street has little of, so that what is not recognised is not called music.

    thin.py TABLE THINNED

Of the training clips that are built on music, instruments, tones or plain noises 40 % stay, chosen by their names;
all others stay.
"""

import csv
import sys

from sources import fraction

SPARSE = ("music:", "instruments", "synth:tones", "synth:sweep", "synth:plain-noise", "synth:hum", "synth:sea", "synth:wind")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], newline="") as f:
        rows = list(csv.DictReader(f))
    kept = [r for r in rows
            if r["fold"] != "1" or not r["source"].startswith(SPARSE) or fraction(r["filename"]) >= 0.6]
    with open(sys.argv[2], "w", newline="") as f:
        w = csv.DictWriter(f, list(rows[0]), lineterminator="\n")
        w.writeheader()
        w.writerows(kept)
    print(f"{len(kept)} of {len(rows)} clips stay", file=sys.stderr)


if __name__ == "__main__":
    main()
