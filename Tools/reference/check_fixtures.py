"""Checks that the fixtures are right and that they would notice a mistake.

Reads each <name>.safetensors of make_fixtures.py back, rebuilds its network from the stored configuration and
prints: the error of the stored logits against a float64 run, the largest score difference of PyTorch's own float32
and bfloat16 runs (what a tolerance must allow at least), and the weights whose reversed channel order changes no
logit by 1e-2 (there must be none). Exits with status 1 when a fixture is wrong or blind.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch
from safetensors import safe_open

import networks
from front_ends import FrontEnd
from make_fixtures import DEFAULT_OUTPUT
from random_weights import FRONT_END_PREFIXES


def rebuild(configuration: dict) -> torch.nn.Module:
    if configuration["architecture"] == "mn":
        return networks.mn(configuration["width_multiplier"], configuration["class_count"])
    factory = {"cnn6": networks.cnn6, "cnn10": networks.cnn10, "cnn14": networks.cnn14}
    return factory[configuration["architecture"]](
        configuration["widths"], configuration["embedding_width"], configuration["class_count"],
        FrontEnd(mel_bands=configuration["mel_bands"]))


@torch.no_grad()
def check(path: Path) -> bool:
    with safe_open(path, "pt") as file:
        configuration = json.loads(file.metadata()["configuration"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}
    weights = {key.removeprefix("weights/"): v for key, v in tensors.items() if key.startswith("weights/")}
    count = sum(key.startswith("input") for key in tensors)
    network = rebuild(configuration).eval()
    result = network.load_state_dict(weights, strict=False)
    if result.unexpected_keys or not all(key.startswith(FRONT_END_PREFIXES) for key in result.missing_keys):
        print(f"{path.name}: unexpected {result.unexpected_keys}, missing {result.missing_keys}")
        return False

    def run(dtype, output):
        return [network.from_log_mel(tensors[f"input{n}"].to(dtype))[output].double() for n in range(count)]

    def worst(values, references):
        return max(float((a - b).abs().max()) for a, b in zip(values, references))

    def stored(output):
        return [tensors[f"outputs{n}/{output}"].double() for n in range(count)]

    network.bfloat16()
    bf16 = worst(run(torch.bfloat16, "clipwise_output"), stored("clipwise_output"))
    network.float().load_state_dict(weights, strict=False)
    fp32 = worst(run(torch.float32, "clipwise_output"), stored("clipwise_output"))
    network.double()
    logits = run(torch.float64, "logits")
    rounding = worst(logits, stored("logits"))
    blind = []
    for key, value in network.state_dict().items():
        if key.startswith(FRONT_END_PREFIXES) or not value.is_floating_point():
            continue
        original = value.clone()
        value.copy_(original.flip(0) if len(original) > 1 else original * 0.5)
        if worst(run(torch.float64, "logits"), logits) < 1e-2:
            blind.append(key)
        value.copy_(original)
    print(f"{path.name:28} stored {rounding:.1e}  fp32 {fp32:.1e}  bf16 {bf16:.1e}  blind to {blind or 'nothing'}")
    return rounding < 1e-6 and not blind  # float32 rounding of logits below 8 is at most 5e-7


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fixtures", type=Path, default=DEFAULT_OUTPUT)
    arguments = parser.parse_args()
    paths = sorted(arguments.fixtures.glob("*.safetensors"))
    if not paths:
        parser.error(f"no fixtures in {arguments.fixtures}; run make_fixtures.py")
    torch.set_num_threads(1)
    return 0 if all([check(path) for path in paths]) else 1


if __name__ == "__main__":
    sys.exit(main())
