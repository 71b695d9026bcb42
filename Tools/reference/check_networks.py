"""Checks the networks of this folder against published facts.

With --manifests FILE: every state dict has exactly the keys, shapes and order of a JSON manifest
({name: [[key, shape, kind], …]}; kind p trainable, f frozen, b float buffer, n counter).
With --mn-weights FILE and --clips FOLDER: the published EfficientAT weights load strictly and give the scores of
FOLDER/expected_mn04.json on the clips beside it; prints the largest difference per clip.
Exits with status 1 when anything differs.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch

import networks

MANIFEST_NAMES = {
    "Cnn6": "cnn6", "Cnn10": "cnn10", "Cnn14": "cnn14", "Cnn14_16k": "cnn14-16k", "Cnn14_8k": "cnn14-8k",
    "Cnn14_emb512": "cnn14-emb512", "Cnn14_emb128": "cnn14-emb128", "Cnn14_emb32": "cnn14-emb32",
    "Cnn14_mel32": "cnn14-mel32", "Cnn14_mel128": "cnn14-mel128", "Epanns25": "epanns-25",
    "Epanns50": "epanns-50", "Epanns75": "epanns-75", "ResNet22": "resnet22", "ResNet38": "resnet38",
    "ResNet54": "resnet54", "Cnn14_DecisionLevelMax": "cnn14-decision-level-max",
    "Cnn14_DecisionLevelAtt": "cnn14-decision-level-att", "MobileNetV1": "mobilenet-v1", "MobileNetV2": "mobilenet-v2",
    "Wavegram_Cnn14": "wavegram-cnn14", "Wavegram_Logmel_Cnn14": "wavegram-logmel-cnn14",
}
# The stored scores are rounded to six decimals (5e-7); the rest is float32 summed in another order.
SCORE_TOLERANCE = 1e-5


def manifest_of(network: torch.nn.Module) -> list:
    parameters = dict(network.named_parameters())
    entries = []
    for key, tensor in network.state_dict().items():
        if key in parameters:
            kind = "p" if parameters[key].requires_grad else "f"
        else:
            kind = "b" if tensor.is_floating_point() else "n"
        entries.append([key, list(tensor.shape), kind])
    return entries


def check_manifests(path: Path) -> bool:
    manifests = json.loads(path.read_text())
    factories = networks.full_size_networks()
    good = True
    for published, own in MANIFEST_NAMES.items():
        expected, actual = manifests[published], manifest_of(factories[own]())
        same = expected == actual
        good = good and same
        print(f"{published:14} {len(actual):4} tensors  {'same keys, shapes, order' if same else 'DIFFERS'}")
        if not same:
            for a, b in zip(expected, actual):
                if a != b:
                    print(f"    expected {a}, got {b}")
    return good


def check_mn(weights: Path, clips: Path) -> bool:
    import librosa

    network = networks.mn(0.4).eval()
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True), strict=True)
    print(f"{weights.name}: strict load, {sum(p.numel() for p in network.parameters()):,} parameters")
    worst = 0.0
    for name, expected in json.loads((clips / "expected_mn04.json").read_text()).items():
        samples, _ = librosa.load(clips / name, sr=network.sample_rate, mono=True)
        with torch.inference_mode():
            scores = network(torch.from_numpy(samples)[None])["clipwise_output"][0]
        difference = float((scores.double() - torch.tensor(expected["scores"], dtype=torch.float64)).abs().max())
        worst = max(worst, difference)
        print(f"{name:28} {len(samples)} samples, max |Δ score| {difference:.2e}")
        if len(samples) != expected["samples_32k"]:
            print(f"    expected {expected['samples_32k']} samples")
            return False
    print(f"worst {worst:.2e}, tolerance {SCORE_TOLERANCE:.0e}")
    return worst <= SCORE_TOLERANCE


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifests", type=Path, help="JSON manifest of the published state dicts")
    parser.add_argument("--mn-weights", type=Path, help="mn04_as_mAP_432.pt")
    parser.add_argument("--clips", type=Path, help="folder with expected_mn04.json and its clips")
    arguments = parser.parse_args()
    if arguments.manifests is None and arguments.mn_weights is None:
        parser.error("nothing to check: give --manifests, or --mn-weights with --clips")
    if (arguments.mn_weights is None) != (arguments.clips is None):
        parser.error("--mn-weights and --clips go together")
    good = True
    if arguments.manifests:
        good = check_manifests(arguments.manifests) and good
    if arguments.mn_weights:
        good = check_mn(arguments.mn_weights, arguments.clips) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
