"""Runs the `epanns` command on what full_size.py wrote and prints how far its scores are from PyTorch's.

A row per network and precision: the largest |Δ| of the 527 scores against PyTorch float32, what was allowed,
PyTorch's own error in the same precision against a float64 run of the network, and whether the best tag agrees.
Allowed are 1e-4 in fp32 and 2e-2 in bf16; PyTorch's own bfloat16 error stands beside ours.
Exits with status 1 when a row is above what is allowed or the command fails.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

CLASS_COUNT = 527


class Failed(Exception):
    """The command failed, or did not print what it should."""


def command_scores(binary: Path, checkpoint: Path, precision: str, waveform: Path) -> np.ndarray:
    """The 527 scores of one window over the whole file, in the order of the classes."""
    arguments = [
        str(binary), "tag", "--model", str(checkpoint), "--precision", precision, "--top-k", str(CLASS_COUNT),
        "--format", "json", str(waveform)]
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"exit status {done.returncode}: {done.stderr.strip()[-300:]}")
    try:
        (result,) = json.loads(done.stdout)
        (window,) = result["windows"]
        ran = result["model"]["precision"]
        tags = window["tags"]
        scores = np.full(CLASS_COUNT, np.nan)
        for tag in tags:
            scores[tag["index"]] = tag["score"]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise Failed(f"unexpected output, {type(error).__name__}: {error}; it begins {done.stdout[:120]!r}")
    if ran != precision:
        raise Failed(f"asked for {precision}, ran {ran}")
    if len(tags) != CLASS_COUNT or np.isnan(scores).any():
        raise Failed(f"{len(tags)} tags that name {np.count_nonzero(~np.isnan(scores))} of {CLASS_COUNT} classes")
    order = [tag["score"] for tag in tags]
    if order != sorted(order, reverse=True):
        raise Failed("tags are not in the order of their scores")
    return scores


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path, help="the epanns command")
    parser.add_argument("folder", type=Path, help="what full_size.py wrote")
    parser.add_argument("names", nargs="*", help="networks; all that were written when absent")
    parser.add_argument("--precisions", default="fp32,bf16", help="comma-separated (default fp32,bf16)")
    parser.add_argument("--fp32-tolerance", type=float, default=1e-4)
    parser.add_argument("--bf16-tolerance", type=float, default=2e-2)
    arguments = parser.parse_args()
    index_path = arguments.folder / "index.json"
    if not index_path.exists():
        parser.error(f"{index_path} is missing; run full_size.py {arguments.folder} first")
    index = json.loads(index_path.read_text())
    unknown = set(arguments.names) - set(index)
    if unknown:
        parser.error(f"not in {index_path}: {', '.join(sorted(unknown))}")
    precisions = arguments.precisions.split(",")
    if not set(precisions) <= {"fp32", "bf16"}:
        parser.error("--precisions takes fp32 and bf16")

    print(f"{'network':13} {'precision':9} {'max |Δ|':>9} {'allowed':>9} {'PyTorch':>9}  top tag")
    failures = 0
    for name in arguments.names or index:
        entry = index[name]
        reference = load_file(arguments.folder / entry["reference"])
        exact, expected = reference["scores_float64"], reference["scores"]
        peers = {"fp32": expected, "bf16": reference["scores_bfloat16"]}
        for precision in precisions:
            peer = float(np.abs(peers[precision] - exact).max())
            allowed = arguments.fp32_tolerance
            if precision == "bf16":
                allowed = arguments.bf16_tolerance
            try:
                scores = command_scores(
                    arguments.binary, arguments.folder / entry["checkpoint"], precision,
                    arguments.folder / entry["waveform"])
            except Failed as failure:
                print(f"{name:13} {precision:9} FAILED: {failure}", flush=True)
                failures += 1
                continue
            difference = float(np.abs(scores - expected).max())
            verdict = "" if difference <= allowed else "  ABOVE"
            failures += difference > allowed
            agrees = "same" if int(scores.argmax()) == int(expected.argmax()) else "other"
            print(
                f"{name:13} {precision:9} {difference:9.1e} {allowed:9.1e} {peer:9.1e}  {agrees}{verdict}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
