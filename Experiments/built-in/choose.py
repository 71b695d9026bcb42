#!/usr/bin/env python3
"""Keeps those clips of a folder of make_data.py in which the teacher hears what they are for.

    choose.py DATA --heard HEARD.jsonl

HEARD.jsonl   epanns tag -m TEACHER -k 527 --format jsonl DATA/clips
Sequences are kept whole. DATA/table.csv then has the chosen clips alone; the one with all of them stays beside it as
all.csv, so that this may be run again. What a class is wanted in is kept down to a number of clips, the best of them:
many more of one kind would help no further.
"""

import argparse
import csv
import json
import os
import sys

# Label of the teacher: (least score, most clips).
WANTED = {
    "Children playing": (0.04, 300), "Children shouting": (0.04, 200), "Child speech, kid speaking": (0.15, 400),
    "Hubbub, speech noise, speech babble": (0.1, 200), "Crowd": (0.15, 200),
    "Idling": (0.1, 500), "Engine": (0.15, 600), "Heavy engine (low frequency)": (0.08, 300),
    "Medium engine (mid frequency)": (0.08, 300), "Engine knocking": (0.08, 200), "Truck": (0.08, 300),
    "Train": (0.15, 300), "Rail transport": (0.15, 300), "Vibration": (0.05, 200),
    "Jackhammer": (0.08, 300), "Drill": (0.08, 200), "Power tool": (0.08, 200),
    "Air conditioning": (0.04, 200), "Mechanical fan": (0.05, 200),
    "Vehicle horn, car horn, honking": (0.1, 200), "Toot": (0.1, 200),
    "Car": (0.2, 400), "Motorcycle": (0.1, 150), "Bus": (0.05, 150), "Motor vehicle (road)": (0.1, 200),
    "Aircraft": (0.2, 300), "Lawn mower": (0.05, 150), "Vehicle": (0.4, 1200), "Speech": (0.6, 500),
    "Outside, urban or manmade": (0.1, 500),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data")
    parser.add_argument("--heard", required=True)
    arguments = parser.parse_args()
    table, everything = (os.path.join(arguments.data, n) for n in ("table.csv", "all.csv"))
    with open(everything if os.path.exists(everything) else table, newline="") as f:
        rows = {os.path.basename(r["filename"]): r for r in csv.DictReader(f)}
    scores = {}
    with open(arguments.heard) as f:
        for line in f:
            clip = json.loads(line)
            if "windows" not in clip:
                sys.exit(f"choose.py: the teacher could not read {clip.get('file')}: {clip.get('error')}")
            best = scores.setdefault(os.path.basename(clip["file"]), {})
            for window in clip["windows"]:
                for tag in window["tags"]:
                    best[tag["name"]] = max(best.get(tag["name"], 0.0), tag["score"])
    if missing := rows.keys() - scores.keys():
        sys.exit(f"choose.py: {len(missing)} clips of the table are not in {arguments.heard}, such as {min(missing)}")
    chosen = {n for n, r in rows.items() if r["source"].startswith("sequence:")}
    print(f"sequences: {len(chosen)}", file=sys.stderr)
    for label, (least, most) in WANTED.items():
        ranked = sorted((n for n in rows if scores[n].get(label, 0) >= least), key=lambda n: (-scores[n][label], n))
        print(f"{label}: {min(len(ranked), most)} of {len(ranked)}", file=sys.stderr)
        chosen.update(ranked[:most])
    if not os.path.exists(everything):
        os.replace(table, everything)
    with open(table + ".part", "w", newline="") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(("filename", "fold", "source"))
        w.writerows((r["filename"], r["fold"], r["source"]) for n, r in rows.items() if n in chosen)
    os.replace(table + ".part", table)
    print(f"{len(chosen)} of {len(rows)} clips chosen", file=sys.stderr)


if __name__ == "__main__":
    main()
