"""Writes the model and the input that every system of this benchmark runs: a network with random weights.

Into FOLDER, for E-PANNs 50 %: epanns-50.pt (bare state dict), epanns-50.onnx (network only, from the log-mel
(1, 1, 1001, 64) to the 527 scores), wave.wav (10 s, 32 kHz, 32-bit float), input.npz (waveform, log_mel, scores of PyTorch float32) and
front-end.npz (the mel bank, for the ONNX Runtime script that must not need librosa). Speed does not depend on the
weights' values as long as they are ordinary numbers, and they are; see Tools/reference/random_weights.py.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tools" / "reference"))

import numpy as np
import soundfile
import torch

import full_size


class ScoresFromLogMel(torch.nn.Module):
    """The part of the network that is exported and timed: log-mel to scores."""

    def __init__(self, network: torch.nn.Module):
        super().__init__()
        self.network = network

    def forward(self, log_mel: torch.Tensor) -> torch.Tensor:
        return self.network.from_log_mel(log_mel)["clipwise_output"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--network", default="epanns-50", help="a name that full_size.py knows")
    parser.add_argument("--seed", type=int, default=2023)
    arguments = parser.parse_args()
    folder = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    network, waveform, log_mel = full_size.build(arguments.network, arguments.seed)
    with torch.inference_mode():
        scores = network.from_log_mel(log_mel)["clipwise_output"]
    torch.save(network.state_dict(), folder / f"{arguments.network}.pt")
    soundfile.write(folder / "wave.wav", waveform.numpy(), network.sample_rate, subtype="FLOAT")
    np.savez(folder / "input.npz", waveform=waveform.numpy(), log_mel=log_mel.numpy(), scores=scores.numpy())
    np.savez(folder / "front-end.npz", mel_bank=network.logmel_extractor.melW.numpy())
    with warnings.catch_warnings():
        # The exporter that needs no further package is marked deprecated; the graph it writes is checked below.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            ScoresFromLogMel(network).eval(), (log_mel,), str(folder / f"{arguments.network}.onnx"), input_names=["log_mel"],
            output_names=["scores"], opset_version=17, dynamo=False)
    import onnxruntime

    session = onnxruntime.InferenceSession(folder / f"{arguments.network}.onnx", providers=["CPUExecutionProvider"])
    (exported,) = session.run(None, {"log_mel": log_mel.numpy()})
    difference = float(np.abs(exported - scores.numpy()).max())
    print(f"prepared {folder}: ONNX against PyTorch, max |Δ score| {difference:.1e}")
    return 0 if difference < 1e-4 else 1  # another order of summation in float32, nothing more


if __name__ == "__main__":
    sys.exit(main())
