"""Writes the metrics' fixture: random scores with many ties, and what scikit-learn and SciPy make of them.

    python Tools/reference/metrics.py Tests/EPANNsEvaluationTests/Fixtures/metrics.json

Classes without positives are left out of every mean, as SPEC §6 has it; scikit-learn is therefore given the
other classes only.
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy.special import ndtri
from sklearn import metrics

THRESHOLD = 0.5


def expected(scores: np.ndarray, targets: np.ndarray) -> dict:
    clips, classes = targets.shape
    present = [k for k in range(classes) if targets[:, k].any()]
    mixed = [k for k in present if not targets[:, k].all()]
    ap = [float(metrics.average_precision_score(targets[:, k], scores[:, k])) if k in present else None
          for k in range(classes)]
    auc = [float(metrics.roc_auc_score(targets[:, k], scores[:, k])) if k in mixed else None for k in range(classes)]
    mean_auc = float(np.mean([auc[k] for k in mixed])) if mixed else None
    yes = scores >= np.float32(THRESHOLD)
    result = {
        "ap": ap, "auc": auc,
        "map": float(np.mean([ap[k] for k in present])), "mauc": mean_auc,
        "d_prime": float(np.sqrt(2) * ndtri(mean_auc)) if mean_auc is not None and 0 < mean_auc < 1 else None,
        "classes_averaged": len(present), "classes_averaged_auc": len(mixed),
        "per_class": [[float(v[k]) for v in metrics.precision_recall_fscore_support(targets, yes, zero_division=0)[:3]]
                      for k in range(classes)],
        "macro": [float(v) for v in metrics.precision_recall_fscore_support(
            targets, yes, labels=present, average="macro", zero_division=0)[:3]],
        "micro": [float(v) for v in metrics.precision_recall_fscore_support(
            targets, yes, average="micro", zero_division=0)[:3]],
        "lwlrap": float(metrics.label_ranking_average_precision_score(
            targets, scores, sample_weight=targets.sum(axis=1))) if classes > 1 else 1.0,
        "single_label": None,
    }
    if (targets.sum(axis=1) == 1).all():
        truth, guess = targets.argmax(axis=1), scores.argmax(axis=1)
        result["single_label"] = {
            "accuracy": float(metrics.accuracy_score(truth, guess)),
            "balanced_accuracy": float(metrics.balanced_accuracy_score(truth, guess)),
            "macro_f1": float(metrics.f1_score(truth, guess, labels=present, average="macro", zero_division=0)),
            "confusion": metrics.confusion_matrix(truth, guess, labels=range(classes)).tolist(),
        }
    return result


def case(name: str, scores, targets) -> dict:
    scores = np.asarray(scores, dtype=np.float32)
    targets = np.asarray(targets, dtype=bool)
    # Nine digits bring a Float32 back exactly.
    return {"name": name, "class_count": scores.shape[1], "scores": [float(f"{v:.9g}") for v in scores.ravel()],
            "targets": "".join("1" if v else "0" for v in targets.ravel()), "expected": expected(scores, targets)}


def cases() -> list[dict]:
    random = np.random.default_rng(6)
    made = []
    # Two decimals over 120 clips: most scores are tied; a third class is rare, the sixth is never there.
    targets = random.random((120, 7)) < [0.5, 0.2, 0.01, 0.9, 0.3, 0.0, 0.1]
    targets[17, 2] = True
    scores = np.round(np.clip(random.normal(0.4, 0.25, (120, 7)) + 0.2 * targets, 0, 1), 2)
    made.append(case("multi-label with ties", scores, targets))
    made.append(case("without ties", random.random((90, 4)), random.random((90, 4)) < 0.3))
    made.append(case("logits, negative ones and both zeros",
                     np.concatenate([np.round(random.normal(0, 1.5, (78, 3))), [[-0.0] * 3, [0.0] * 3]]),
                     random.random((80, 3)) < 0.4))
    labels = random.integers(0, 5, 150)
    labels[labels == 3] = 0  # a class without clips, which is guessed now and then all the same
    scores = np.round(random.random((150, 5)) + 0.5 * np.eye(5)[labels], 1)
    made.append(case("single-label with ties", scores, np.eye(5)[labels]))
    one = np.zeros((30, 2)); one[4, 0] = one[9, 1] = 1
    made.append(case("one positive a class", np.round(random.random((30, 2)), 1), one))
    made.append(case("all scores tied", np.full((40, 3), 0.25), random.random((40, 3)) < 0.5))
    perfect = np.eye(3)[random.integers(0, 3, 30)]
    made.append(case("perfect", perfect * 0.8 + 0.1, perfect))
    made.append(case("always wrong", 1 - perfect, perfect))
    made.append(case("a class that every clip has", random.random((25, 2)),
                     np.stack([np.ones(25), random.random(25) < 0.5], axis=1)))
    made.append(case("one clip", [[0.3, 0.7]], [[0, 1]]))
    made.append(case("tiny and huge scores", random.choice(
        np.array([1e-45, 1e-38, 1e-7, 1.0, 3e38, -3e38], dtype=np.float32), (50, 2)), random.random((50, 2)) < 0.4))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    output = parser.parse_args().output
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = cases()
    probabilities = [1e-300, 1e-100, 1e-20, 1e-9, 0.001, 0.02425, 0.1, 0.2499, 0.25, 0.2501, 0.3, 0.4999, 0.5 - 1e-12,
                     0.5, 0.5 + 1e-9, 0.6, 0.75, 0.8, 0.973, 0.97575, 0.999, 1 - 1e-9, 1 - 1e-15]
    text = {
        "generator": "Tools/reference/metrics.py",
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "scikit_learn": sklearn.__version__},
        "threshold": THRESHOLD,
        "quantiles": [[p, float(ndtri(p))] for p in probabilities],
        "cases": made,
    }
    output.write_text(json.dumps(text, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")
    print(f"{output}: {len(made)} cases, {output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
