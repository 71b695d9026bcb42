#!/usr/bin/env python3
"""The experiment's results as a table (Markdown) and as CSV for the figures. Needs Python 3.9 or newer, nothing else."""
import argparse
import csv
import json
import pathlib
import subprocess

ROWS = [
    ("baseline", None, "CNN14", "–", "unpruned"),
    ("unpruned", 0, "CNN14, trained on", "–", "unpruned"),
    ("operator-norm-25", 25, "25 %", "operator-norm", "operator-norm"),
    ("operator-norm-50", 50, "50 %", "operator-norm", "operator-norm"),
    ("operator-norm-75", 75, "75 %", "operator-norm", "operator-norm"),
    ("invariant-50", 50, "50 %", "operator-norm-invariant", "operator-norm-invariant"),
    ("l1-50", 50, "50 %", "l1", "l1"),
    ("random-50", 50, "50 %", "random", "random"),
    ("scratch-50", 50, "50 %", "from nothing", "from nothing"),
]

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--epanns", default=".build/release/epanns")
parser.add_argument("--csv", type=pathlib.Path, required=True)
arguments = parser.parse_args()


def result(name, kind):
    path = arguments.folder / "results" / f"{name}.{kind}.json"
    return json.loads(path.read_text()) if path.exists() else None


def latency(percent, precision):
    """Milliseconds, and the share of the unpruned network's in the same run."""
    path = arguments.folder / "latency" / f"{percent or 50}-{precision}.json"
    if not path.exists():
        return "–"
    report = json.loads(path.read_text())
    before, after = (report[key]["latency_seconds"] * 1000 for key in ("before", "after"))
    return f"{before:.0f}" if not percent else f"{after:.0f} ({after / before:.2f})"


def number(value, digits=3):
    return "–" if value is None else f"{value:.{digits}f}"


def metrics(name):
    teacher, zero_shot = result(name, "teacher"), result(name, "zero-shot")
    if teacher is None:
        return [None] * 4
    return [
        teacher["map"],
        teacher["teacher"]["top_agreement"],
        teacher["teacher"].get("mean_correlation"),
        zero_shot["single_label"]["accuracy"] if zero_shot else None,
    ]


print("| C7–C12 pruned | criterion | parameters | MACs | bytes | ms fp32 | ms bf16 | mAP before | mAP after "
      "| top tag as teacher, before | after | correlation | ESC-10 zero-shot |")
print("|---|---|---|---|---|---|---|---|---|---|---|---|---|")
rows = []
for name, percent, label, criterion, kind in ROWS:
    architecture = "cnn14" if not percent else f"epanns-{percent}"
    info = json.loads(subprocess.run(
        [arguments.epanns, "info", architecture, "--format", "json"], check=True, capture_output=True).stdout)
    cost = info["cost"]
    before, agreed = metrics(f"{name}-before")[:2]
    after = metrics(name if percent is None else f"{name}-after")
    if after[0] is None:
        continue
    print(f"| {label} | {criterion} | {cost['parameters'] / 1e6:.2f} M | {cost['macs'] / 1e9:.2f} G "
          f"| {cost['state_dict_byte_count']:,} | {latency(percent, 'fp32')} | {latency(percent, 'bf16')} "
          f"| {number(before)} | {number(after[0])} | {number(agreed)} | {number(after[1])} | {number(after[2])} | {number(after[3])} |")
    rows.append({
        "name": name, "label": label if percent is None else f"{label} {criterion}" if percent == 50 else label,
        "kind": kind, "parameters": cost["parameters"] / 1e6, "macs": cost["macs"] / 1e9, "map_before": before,
        "map": after[0], "top_agreement_before": agreed, "top_agreement": after[1], "correlation": after[2], "zero_shot": after[3],
    })
if not rows:
    raise SystemExit("There are no results yet; run the steps before.")
with open(arguments.csv, "w", newline="") as file:
    writer = csv.DictWriter(file, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
