"""Writes the tiny checkpoint of the tests of library and command: a narrow CNN14 as `torch.save` writes it.

`Tests/EPANNsTestSupport/Fixtures/tiny_cnn14.pt` is a bare state dict in the zip container, like the released E-PANNs
file (SPEC §3.1), with 527 classes and without the front end's three tensors. `tiny_cnn14.json` beside it names the
generator and its versions and holds the reference network's scores, computed in float64, for two seconds of the noise
of SPEC §8 (amplitude 0.1, seed 12345) that starts a quarter of the way in. Run without arguments, it rewrites both;
the same seed and the same versions give the same files.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy
import torch
import torchlibrosa

import networks
from random_weights import FRONT_END_PREFIXES, fit_scores, log_mel_like, randomise

GENERATOR = "Tools/reference/make_tiny_checkpoint.py"
FOLDER = Path(__file__).resolve().parents[2] / "Tests" / "EPANNsTestSupport" / "Fixtures"
WIDTHS = (3, 4, 5, 4, 6, 5, 4, 6, 5, 7, 6, 8)
EMBEDDING_WIDTH = 8
SEED = 20
SAMPLE_COUNT = 64000


def samples() -> numpy.ndarray:
    state, values = 12345, numpy.zeros(SAMPLE_COUNT, numpy.float32)
    for n in range(SAMPLE_COUNT // 4, SAMPLE_COUNT):
        state = (1664525 * state + 1013904223) % 2**32
        values[n] = 0.1 * (state / 2**32 * 2 - 1)
    return values


def main() -> None:
    network = networks.cnn14(WIDTHS, EMBEDDING_WIDTH)
    waveform = torch.from_numpy(samples())[None]
    with torch.no_grad():
        log_mel = network.double().log_mel(waveform.double()).float()
    network.float()
    # Real and made-up spectrograms, so that the network reacts to both.
    frames = log_mel.shape[2]
    calibration = torch.cat([log_mel, log_mel_like(7, frames, 64, SEED)])
    randomise(network, calibration, SEED)
    fit_scores(network, [calibration])
    with torch.no_grad():
        outputs = network.double()(waveform.double())
    network.float()
    scores = outputs["clipwise_output"][0]
    embedding = outputs["embedding"][0]
    if not (scores.max() - scores.min() > 0.3 and (embedding > 0).sum() >= 3):
        raise SystemExit(f"the network shows nothing: scores {scores.min()}…{scores.max()}, embedding {embedding}")
    state = {k: v.contiguous() for k, v in network.state_dict().items() if not k.startswith(FRONT_END_PREFIXES)}
    FOLDER.mkdir(parents=True, exist_ok=True)
    torch.save(state, FOLDER / "tiny_cnn14.pt")
    facts = {
        "generator": GENERATOR, "torch": torch.__version__, "torchlibrosa": torchlibrosa.__version__, "seed": SEED,
        "widths": WIDTHS, "embedding_width": EMBEDDING_WIDTH, "sample_count": SAMPLE_COUNT,
        "scores": [round(float(x), 7) for x in scores], "embedding": [round(float(x), 6) for x in embedding],
    }
    (FOLDER / "tiny_cnn14.json").write_text(json.dumps(facts) + "\n")
    for path in sorted(FOLDER.iterdir()):
        path.chmod(0o644)
        print(f"{path.name:18} {path.stat().st_size:6} bytes")
    print(f"scores {scores.min():.3f}…{scores.max():.3f}, live embedding {(embedding > 0).double().mean():.0%}")


if __name__ == "__main__":
    main()
