"""Writes the fixture of the criterion `taylor` from recording to importance, by PyTorch's gradients.

    python Tools/reference/taylor.py Tests/EPANNsTestSupport/Fixtures/taylor.json

The tiny CNN14 of `make_tiny_checkpoint.py` listens to four clips of 1.2 s of noise (amplitude 0.1, seeds 1 to 4, see
`pruning.py`), of which the first and third are "Speech" and "Singing", the others "Bark". The loss is the mean binary
cross-entropy over the batch, batch norms use their running statistics, dropout drops nothing; all in float64. A
filter's importance is the absolute sum of weight times gradient, over the layer's largest (Molchanov et al. 2019).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
import torch.nn.functional as F

import criteria
import networks
from make_tiny_checkpoint import EMBEDDING_WIDTH, FOLDER, WIDTHS
from pruning import noise

SEEDS = (1, 2, 3, 4)
SAMPLE_COUNT = 38400
CLASSES = {0: (0, 27), 1: (75,)}  # "Speech" and "Singing"; "Bark"
LAYERS = [f"conv_block{block}.conv{conv}" for block in (4, 5, 6) for conv in (1, 2)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    path = parser.parse_args().output
    network = networks.cnn14(WIDTHS, EMBEDDING_WIDTH)
    missing, unexpected = network.load_state_dict(torch.load(FOLDER / "tiny_cnn14.pt", weights_only=True), strict=False)
    assert not unexpected and all("extractor" in key for key in missing)
    labels = [line.split(",", 2)[2].strip().strip('"') for line in
              (Path(__file__).resolve().parents[2] / "Sources/EPANNsModels/Resources/audioset_labels.csv")
              .read_text().splitlines()[1:]]
    assert [labels[i] for i in (0, 27, 75)] == ["Speech", "Singing", "Bark"], [labels[i] for i in (0, 27, 75)]
    network.double().eval()
    # The command reads float32 recordings.
    waveforms = torch.stack([torch.from_numpy(0.1 * noise(SAMPLE_COUNT, seed)).float().double() for seed in SEEDS])
    targets = torch.zeros(len(SEEDS), len(labels), dtype=torch.float64)
    for clip in range(len(SEEDS)):
        targets[clip, list(CLASSES[clip % 2])] = 1
    F.binary_cross_entropy(network(waveforms)["clipwise_output"], targets).backward()
    scores = {
        layer: criteria.taylor(weight.detach().numpy(), [weight.grad.numpy()]).tolist()
        for layer in LAYERS for weight in [network.get_parameter(layer + ".weight")]}
    path.write_text(json.dumps(
        {"generator": "Tools/reference/taylor.py", "torch": torch.__version__, "scores": scores}) + "\n")
    print(f"{path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
