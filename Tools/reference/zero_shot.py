"""Zero-shot accuracy of a tagger on a small labelled set (ESC-10, UrbanSound8K), per fold and per class.

A clip's predicted class is the one whose best-scoring AudioSet label, of those that the label map lists for it, is
highest. Nothing is trained. RESULTS holds what `epanns tag --top-k 527 --format json` prints: a JSON array of
results, or one result a line; a result with several windows counts with the mean of its windows' scores.
CSV has the columns filename, fold and category. Every clip of the CSV must have a result (--fold narrows it), and
every label of the map a score: a missing one is an error, not a wrong answer.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import defaultdict
from pathlib import Path

LABEL_MAPS = Path(__file__).with_name("label_maps.json")


def read_results(path: Path) -> dict[str, dict[str, float]]:
    """File name (without folders) to {label: score}."""
    text = path.read_text()
    if text.lstrip().startswith("["):
        results = json.loads(text)
    else:
        results = [json.loads(line) for line in text.splitlines() if line.strip()]
        # A command run a file at a time prints arrays of one.
        results = [r for line in results for r in (line if isinstance(line, list) else [line])]
    scores = {}
    for result in results:
        name = Path(result["file"]).name
        if name in scores:
            raise SystemExit(f"{path}: two results for {name}")
        if not result["windows"]:
            raise SystemExit(f"{path}: no windows for {name}")
        sums = defaultdict(float)
        for window in result["windows"]:
            for tag in window["tags"]:
                sums[tag["name"]] += tag["score"] / len(result["windows"])
        scores[name] = dict(sums)
    return scores


def predict(scores: dict[str, float], label_map: dict[str, list[str]], file: str) -> str:
    missing = sorted({label for labels in label_map.values() for label in labels} - set(scores))
    if missing:
        raise SystemExit(f"{file}: no score for {', '.join(missing)}; was it tagged with --top-k 527?")
    return max(label_map, key=lambda category: max(scores[label] for label in label_map[category]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="JSON or JSONL of the command's results")
    parser.add_argument("csv", type=Path, help="the set's list: filename, fold, …, category")
    parser.add_argument("--map", required=True, help="which map of the file: esc10 or us8k")
    parser.add_argument("--label-maps", type=Path, default=LABEL_MAPS)
    parser.add_argument("--fold", action="append", help="only this fold; may be repeated")
    parser.add_argument("--minimum", type=float, default=0.0, help="exit with status 1 below this accuracy (0…1)")
    arguments = parser.parse_args()
    maps = json.loads(arguments.label_maps.read_text())
    if arguments.map not in maps:
        parser.error(f"{arguments.label_maps} has {', '.join(maps)}, not {arguments.map}")
    label_map = maps[arguments.map]
    scores = read_results(arguments.results)
    with arguments.csv.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if not arguments.fold or row["fold"] in arguments.fold]
    if not rows:
        parser.error(f"{arguments.csv} lists no clip of these folds")

    folds, classes, confused = defaultdict(list), defaultdict(list), defaultdict(int)
    for row in rows:
        name, category = row["filename"], row["category"]
        if category not in label_map:
            raise SystemExit(f"{name}: the map has no class {category}")
        if name not in scores:
            raise SystemExit(f"{arguments.results}: no result for {name}")
        predicted = predict(scores[name], label_map, name)
        folds[row["fold"]].append(predicted == category)
        classes[category].append(predicted == category)
        if predicted != category:
            confused[category, predicted] += 1

    def line(title, answers):
        print(f"  {title:20} {sum(answers):4} of {len(answers):4}  {sum(answers) / len(answers):6.1%}")

    print("fold")
    for fold in sorted(folds):
        line(fold, folds[fold])
    print("class")
    for category in sorted(classes):
        line(category, classes[category])
    everything = [answer for answers in classes.values() for answer in answers]
    print("all")
    line("", everything)
    worst = sorted(confused.items(), key=lambda item: -item[1])[:5]
    if worst:
        print("most confused: " + "; ".join(f"{true} as {guess} {n}×" for (true, guess), n in worst))
    return 0 if sum(everything) / len(everything) >= arguments.minimum else 1


if __name__ == "__main__":
    sys.exit(main())
