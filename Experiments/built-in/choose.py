#!/usr/bin/env python3
"""Chooses clips of a folder of make_data.py to train on, by what the teacher hears in them or by what they are made of.

    choose.py DATA --heard HEARD.jsonl --wanted --output DATA/chosen.csv
    choose.py DATA --heard HEARD.jsonl --music 0.1 0.1 [--table DATA/chosen.csv] --output DATA/rarer.csv
    choose.py DATA --sparse 0.4 --output DATA/sparse.csv

HEARD.jsonl   epanns tag -m TEACHER -k 527 --format jsonl DATA/clips
--wanted      only clips in which the teacher hears what a street or a yard is made of, and sequences; of one class at
              most a number of clips, the best of them: many more of one kind would help no further
--music LEAST SHARE   of the training clips in which the teacher hears music with at least this score that share stays:
              what such a small network does not recognise it calls what it was told most often, and that should not
              be music
--sparse SHARE   of the training clips that are built on music, instruments, tones or plain noises that share stays
--table       the table to choose from (default: DATA/table.csv)
"""

import argparse
import csv
import json
import os
import sys

from sources import fraction

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
SPARSE = ("music:", "instruments", "synth:tones", "synth:sweep", "synth:plain-noise", "synth:hum", "synth:sea", "synth:wind")


def read_scores(path):
    """The teacher's best score of each label, over a clip's windows, by clip."""
    scores = {}
    with open(path) as f:
        for line in f:
            clip = json.loads(line)
            if "windows" not in clip:
                sys.exit(f"choose.py: the teacher could not read {clip.get('file')}: {clip.get('error')}")
            best = scores.setdefault(os.path.basename(clip["file"]), {})
            for window in clip["windows"]:
                for tag in window["tags"]:
                    best[tag["name"]] = max(best.get(tag["name"], 0.0), tag["score"])
    return scores


def wanted(rows, scores):
    chosen = {n for n, r in rows.items() if r["source"].startswith("sequence:")}
    print(f"sequences: {len(chosen)}", file=sys.stderr)
    for label, (least, most) in WANTED.items():
        ranked = sorted((n for n in rows if scores[n].get(label, 0) >= least), key=lambda n: (-scores[n][label], n))
        print(f"{label}: {min(len(ranked), most)} of {len(ranked)}", file=sys.stderr)
        chosen.update(ranked[:most])
    return chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data")
    parser.add_argument("--table")
    parser.add_argument("--heard")
    parser.add_argument("--wanted", action="store_true")
    parser.add_argument("--music", nargs=2, type=float, metavar=("LEAST", "SHARE"))
    parser.add_argument("--sparse", type=float, metavar="SHARE")
    parser.add_argument("--output", required=True)
    arguments = parser.parse_args()
    with open(arguments.table or os.path.join(arguments.data, "table.csv"), newline="") as f:
        rows = {os.path.basename(r["filename"]): r for r in csv.DictReader(f)}
    chosen = set(rows)
    if arguments.wanted or arguments.music:
        if not arguments.heard:
            parser.error("--wanted and --music need --heard")
        scores = read_scores(arguments.heard)
        if missing := rows.keys() - scores.keys():
            sys.exit(f"choose.py: {len(missing)} clips of the table are not in {arguments.heard}, such as {min(missing)}")
    if arguments.wanted:
        chosen = wanted(rows, scores)

    def leave(what, is_such, stays):
        such = {n for n in chosen if rows[n]["fold"] == "1" and is_such(n)}
        gone = {n for n in such if not stays(fraction(rows[n]["filename"]))}
        print(f"{what}: {len(such)} clips, {len(gone)} of them left out", file=sys.stderr)
        chosen.difference_update(gone)

    if arguments.music:
        least, share = arguments.music
        leave("music", lambda n: scores[n].get("Music", 0) >= least, lambda x: x < share)
    if arguments.sparse is not None:
        leave("music, tones, plain noises", lambda n: rows[n]["source"].startswith(SPARSE),
              lambda x: x >= 1 - arguments.sparse)
    with open(arguments.output + ".part", "w", newline="") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(("filename", "fold", "source"))
        w.writerows((r["filename"], r["fold"], r["source"]) for n, r in rows.items() if n in chosen)
    os.replace(arguments.output + ".part", arguments.output)
    print(f"{len(chosen)} of {len(rows)} clips chosen", file=sys.stderr)


if __name__ == "__main__":
    main()
