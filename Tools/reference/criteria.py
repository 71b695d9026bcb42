"""Importance criteria in NumPy and SciPy, straight from their definitions: the oracle of the Swift package's.

Imported by `pruning.py` and `check_pruning.py`. Weights are float64 arrays of shape (filters, channels, height, width)
or (outputs, inputs); scores have shape (filters). SPEC §4.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import gmean


def unfold(weight: np.ndarray) -> np.ndarray:
    """(filters, channels, kernel positions)."""
    return weight.reshape(weight.shape[0], weight.shape[1], -1)


def normalised(scores: np.ndarray) -> np.ndarray:
    largest = np.abs(scores).max()
    return scores / largest if largest > 0 else scores


def _projections(weight: np.ndarray) -> np.ndarray:
    """<W[i,c] - mu_c, v_c> with v_c the first right singular vector, signed as u_c[0]; (filters, channels)."""
    w = unfold(weight)
    centred = w - w.mean(axis=0)
    result = np.empty(w.shape[:2])
    for c in range(w.shape[1]):
        u, _, vt = np.linalg.svd(centred[:, c, :], full_matrices=False)
        row = np.outer(u[:, 0], vt[0])[0]  # row 0 of the rank-one matrix, as the published code takes it
        length = np.linalg.norm(row)
        direction = row / length if length > 0 else vt[0]
        result[:, c] = centred[:, c, :] @ direction
    return result


def operator_norm(weight: np.ndarray) -> np.ndarray:
    return normalised(_projections(weight).sum(axis=1) ** 2)


def operator_norm_invariant(weight: np.ndarray) -> np.ndarray:
    return normalised((_projections(weight) ** 2).sum(axis=1))


def l1(weight: np.ndarray) -> np.ndarray:
    return normalised(np.abs(weight.reshape(len(weight), -1)).sum(axis=1))


def l2(weight: np.ndarray) -> np.ndarray:
    return normalised(np.linalg.norm(weight.reshape(len(weight), -1), axis=1))


def geometric_mean(weight: np.ndarray) -> np.ndarray:
    magnitudes = np.abs(weight.reshape(len(weight), -1))
    with np.errstate(divide="ignore"):
        return normalised((gmean(magnitudes, axis=None) - gmean(magnitudes, axis=1)) ** 2)


def geometric_median(weight: np.ndarray) -> np.ndarray:
    flat = weight.reshape(len(weight), -1)
    return normalised(cdist(flat, flat).sum(axis=1))


def cosine_distances(weight: np.ndarray) -> np.ndarray:
    directions = []
    for filter_ in unfold(weight):
        u, _, vt = np.linalg.svd(filter_.T, full_matrices=False)  # (positions, channels)
        column = np.outer(u[:, 0], vt[0])[:, 0]
        directions.append(column / np.linalg.norm(column))
    return cdist(directions, directions, "cosine")


def cosine_similarity(weight: np.ndarray) -> np.ndarray:
    """When a filter goes, over filters - 1: of the closest pair that is left, the later filter goes."""
    distances = cosine_distances(weight)
    count = len(distances)
    scores = np.ones(count)
    left = list(range(count))
    for step in range(count - 1):
        pairs = [(distances[i, j], i, j) for n, i in enumerate(left) for j in left[n + 1 :]]
        gone = min(pairs)[2]
        left.remove(gone)
        scores[gone] = step / (count - 1)
    return scores


def cosine_reference(weight: np.ndarray) -> tuple[list[int], list[int]]:
    """Each filter's nearest other, and what the published code keeps, in visiting order."""
    distances = cosine_distances(weight)
    np.fill_diagonal(distances, np.inf)
    nearest = distances.argmin(axis=1)
    redundant, kept = set(), []
    for i in np.argsort(distances[np.arange(len(nearest)), nearest], kind="stable"):
        if i not in redundant:
            kept.append(int(i))
            redundant.add(nearest[i])
    return nearest.tolist(), kept


def taylor(weight: np.ndarray, gradients: list[np.ndarray]) -> np.ndarray:
    sums = [np.abs((weight * g).reshape(len(weight), -1).sum(axis=1)) for g in gradients]
    return normalised(np.mean(sums, axis=0))


def batch_norm_scale(scale: np.ndarray) -> np.ndarray:
    return normalised(np.abs(scale))


def random(count: int, seed: int, name: str) -> np.ndarray:
    """SplitMix64 from the seed and the FNV-1a hash of the layer's name, its upper 53 bits as a fraction."""
    state, mask = seed ^ 0xCBF29CE484222325, 2**64 - 1
    for byte in name.encode():
        state = (state ^ byte) * 0x100000001B3 & mask
    values = []
    for _ in range(count):
        state = state + 0x9E3779B97F4A7C15 & mask
        word = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & mask
        word = (word ^ word >> 27) * 0x94D049BB133111EB & mask
        values.append(((word ^ word >> 31) >> 11) / 2**53)
    return np.array(values)


def feature_rank(maps: np.ndarray) -> np.ndarray:
    """Rank of every (height, width) map as float32, whose precision sets the threshold; (channels)."""
    return np.array([np.linalg.matrix_rank(m.astype(np.float32)) for m in maps], dtype=float)


def feature_energy(maps: np.ndarray) -> np.ndarray:
    return np.array([np.linalg.svd(m, compute_uv=False).sum() for m in maps])


PASSIVE = {
    "operator-norm": operator_norm, "operator-norm-invariant": operator_norm_invariant, "l1": l1, "l2": l2,
    "geometric-mean": geometric_mean, "geometric-median": geometric_median, "cosine-similarity": cosine_similarity,
}


def keep(scores: np.ndarray, count: int) -> list[int]:
    """The last `count` of the ascending order, sorted."""
    return sorted(np.argsort(scores, kind="stable")[len(scores) - count :].tolist())
