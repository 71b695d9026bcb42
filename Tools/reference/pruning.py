"""Writes the fixture of the pruning criteria: scores of pseudo-random layers and feature maps by NumPy and SciPy.

    python Tools/reference/pruning.py Tests/EPANNsPruningTests/Fixtures/criteria.json

Weights are not stored: both sides make them from a seed, s <- (1664525 s + 1013904223) mod 2^32, value s / 2^32 * 2 - 1
rounded to float32, row-major.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import scipy

import criteria

LAYERS = [  # seed, shape
    (2024, (8, 3, 3, 3)),
    (1, (33, 20, 3, 3)),
    (2, (12, 7, 5, 5)),
    (3, (5, 40, 3, 3)),  # fewer filters than kernel positions
    (4, (17, 24, 1, 1)),
    (5, (10, 31)),
]


def noise(count: int, seed: int) -> np.ndarray:
    values, s = np.empty(count), seed
    for n in range(count):
        s = (1664525 * s + 1013904223) % 2**32
        values[n] = s / 2**32 * 2 - 1
    return values.astype(np.float32).astype(np.float64)


def layer(seed: int, shape: tuple[int, ...]) -> dict:
    weight = noise(int(np.prod(shape)), seed).reshape(shape)
    gradients = [noise(weight.size, seed + 100 + n).reshape(shape) for n in range(3)]
    scores = {
        name: score(weight).tolist() for name, score in criteria.PASSIVE.items()
        # With one kernel position all directions are plus or minus one: nothing but ties.
        if not (name == "cosine-similarity" and np.prod(shape[2:]) == 1)}
    scores["batch-norm-scale"] = criteria.batch_norm_scale(noise(shape[0], seed + 200)).tolist()
    scores["random"] = criteria.random(shape[0], seed, f"layer{seed}").tolist()
    scores["taylor"] = criteria.taylor(weight, gradients).tolist()
    return {"seed": seed, "shape": list(shape), "gradient_seeds": [seed + 100 + n for n in range(3)], "scores": scores}


def feature_maps(height: int, width: int, seed: int) -> dict:
    """Full rank, rank one and two, zero, what a ReLU leaves, one row."""
    a = noise(6 * height * width, seed).reshape(6, height, width)
    a[1] = np.outer(a[1][:, 0], a[1][0])
    a[2] = np.outer(a[2][:, 0], a[2][0]) + np.outer(a[2][:, 1], a[2][1])
    a[3] = 0
    a[4] = np.maximum(a[4], 0)
    a[5][1:] = 0
    maps = a.astype(np.float32).astype(np.float64)
    return {
        "shape": list(maps.shape), "values": [float(f"{v:.9g}") for v in maps.ravel()],
        "rank": criteria.feature_rank(maps).tolist(), "energy": criteria.feature_energy(maps).tolist()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    path = parser.parse_args().output
    fixture = {
        "generator": "Tools/reference/pruning.py", "numpy": np.__version__, "scipy": scipy.__version__,
        "layers": [layer(seed, shape) for seed, shape in LAYERS],
        "maps": [feature_maps(12, 7, 11), feature_maps(5, 9, 12)]}
    path.write_text(json.dumps(fixture) + "\n")
    print(f"{path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
