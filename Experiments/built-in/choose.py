#!/usr/bin/env python3
"""Keeps the clips of a folder of make_data.py that are worth training on, by what the teacher hears in them.

    choose.py DATA --heard HEARD.jsonl [--wanted]

HEARD.jsonl   epanns tag -m TEACHER -k 527 --format jsonl DATA/clips
--wanted      only clips in which the teacher hears what a street or a yard is made of, and sequences; of one class at
              most a number of clips, the best of them: many more of one kind would help no further

Of the training clips in which the teacher hears music (0.08 is enough), one in twelve stays: what such a small network
does not recognise it calls what it was told most often, and that should not be music.

Writes DATA/chosen.csv, the chosen rows of DATA/table.csv.
"""

import argparse
import csv
import json
import os
import sys

from sources import fraction

# Label of the teacher: (least score, most clips).
WANTED = {
    "Children playing": (0.02, 700), "Children shouting": (0.02, 300), "Child speech, kid speaking": (0.12, 500),
    "Hubbub, speech noise, speech babble": (0.1, 200), "Crowd": (0.15, 200),
    "Idling": (0.08, 700), "Engine": (0.12, 900), "Heavy engine (low frequency)": (0.08, 400),
    "Medium engine (mid frequency)": (0.08, 400), "Engine knocking": (0.08, 200), "Truck": (0.08, 300),
    "Train": (0.15, 300), "Rail transport": (0.15, 300), "Vibration": (0.05, 200),
    "Jackhammer": (0.08, 400), "Drill": (0.08, 250), "Power tool": (0.08, 250),
    "Air conditioning": (0.04, 250), "Mechanical fan": (0.05, 250),
    "Vehicle horn, car horn, honking": (0.1, 300), "Toot": (0.1, 300),
    "Car": (0.2, 400), "Motorcycle": (0.1, 150), "Bus": (0.05, 150), "Motor vehicle (road)": (0.1, 200),
    "Traffic noise, roadway noise": (0.1, 200),
    "Aircraft": (0.2, 300), "Lawn mower": (0.05, 150), "Vehicle": (0.4, 1200), "Speech": (0.6, 500),
    "Outside, urban or manmade": (0.1, 500),
}
MUSIC = ("Music", 0.08, 1 / 12)  # the score from which it is heard, the share that stays

# Recordings that are in UrbanSound8K, too, and so are not for training. The packages' credits name some 290 of
# Freesound's numbers; this is the only one of them that UrbanSound8K has (19026-1-0-0). Most packages give no numbers.
TESTED = ("opensfx.cat/006012384.wav",)


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
    parser.add_argument("--heard", required=True)
    parser.add_argument("--wanted", action="store_true")
    arguments = parser.parse_args()
    table, result = (os.path.join(arguments.data, n) for n in ("table.csv", "chosen.csv"))
    with open(table, newline="") as f:
        rows = {os.path.basename(r["filename"]): r for r in csv.DictReader(f)}
    scores = read_scores(arguments.heard)
    if missing := rows.keys() - scores.keys():
        sys.exit(f"choose.py: {len(missing)} clips of the table are not in {arguments.heard}, such as {min(missing)}")
    chosen = wanted(rows, scores) if arguments.wanted else set(rows)
    chosen = {n for n in chosen if not any(t in rows[n]["source"] for t in TESTED)}
    label, least, share = MUSIC
    musical = {n for n in chosen if rows[n]["fold"] == "1" and scores[n].get(label, 0) >= least
               and fraction(f"music|{n}") >= share}
    print(f"left out, since the teacher hears music: {len(musical)}", file=sys.stderr)
    chosen -= musical
    with open(result + ".part", "w", newline="") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(("filename", "fold", "source"))
        w.writerows((r["filename"], r["fold"], r["source"]) for n, r in rows.items() if n in chosen)
    os.replace(result + ".part", result)
    print(f"{len(chosen)} of {len(rows)} clips chosen", file=sys.stderr)


if __name__ == "__main__":
    main()
