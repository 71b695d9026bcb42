"""Compares `epanns prune` on a full-size checkpoint with NumPy, filter by filter.

    python Tools/reference/check_pruning.py EPANNS CHECKPOINT [--criteria operator-norm l1 …] [--ratio 0.5]

CHECKPOINT is a PyTorch file of CNN14 with any weights (`full_size.py` writes one). For every criterion the importance of
all filters of C7 to C12 is compared, and the filters that stay must be the same, except where two importances at the
border differ by less than the tolerance. Prints the worst difference and the seconds of both. Without --criteria those
run that NumPy can do in a minute or so; geometric-median and cosine-similarity take longer.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time

import numpy as np
import torch

import criteria

TOLERANCE = 1e-9  # both in double precision; singular values near one another cost digits of the vectors


def state_dict(path: str) -> dict[str, torch.Tensor]:
    loaded = torch.load(path, map_location="cpu", weights_only=True)
    return loaded.get("model", loaded)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("epanns")
    parser.add_argument("checkpoint")
    parser.add_argument(
        "--criteria", nargs="+", choices=criteria.PASSIVE,
        default=["operator-norm", "operator-norm-invariant", "l1", "l2", "geometric-mean"])
    parser.add_argument("--ratio", type=float, default=0.5)
    arguments = parser.parse_args()
    weights = state_dict(arguments.checkpoint)
    failed = False
    for name in arguments.criteria:
        began = time.perf_counter()
        run = subprocess.run(
            [arguments.epanns, "prune", "--model", arguments.checkpoint, "--criterion", name, "--ratio",
             str(arguments.ratio), "--dry-run", "--skip-latency", "--scores", "--format", "json"],
            check=True, capture_output=True)
        ours = time.perf_counter() - began
        worst, others, theirs = 0.0, 0, 0.0
        for layer in json.loads(run.stdout)["layers"]:
            weight = weights[layer["names"][0] + ".weight"].double().numpy()
            began = time.perf_counter()
            expected = criteria.PASSIVE[name](weight)
            theirs += time.perf_counter() - began
            scores = np.array(layer["scores"])
            error = np.abs(scores - expected).max()
            worst = max(worst, error)
            kept = criteria.keep(expected, layer["kept_count"])
            different = set(kept) ^ set(layer["kept"])
            border = np.sort(expected)[len(expected) - layer["kept_count"]]
            others += sum(abs(expected[n] - border) > TOLERANCE for n in different)
        failed |= worst > TOLERANCE or others > 0
        print(
            f"{name:24} worst difference {worst:.1e}, {others} filters chosen otherwise; "
            f"command {ours:.2f} s, NumPy {theirs:.2f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
