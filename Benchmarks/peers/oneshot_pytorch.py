"""A tagger as PANNs' users write it: torchlibrosa's front end and the network in PyTorch. Prints the five best classes.

One of the processes that `peers.py --startup` measures.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tools" / "reference"))

import soundfile
import torch

import networks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="checkpoint of E-PANNs 50 %%")
    parser.add_argument("wave")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    samples, rate = soundfile.read(arguments.wave, dtype="float32")
    network = networks.full_size_networks()["epanns-50"]().eval()
    if rate != network.sample_rate or samples.ndim != 1:
        raise SystemExit(f"{arguments.wave}: wants {network.sample_rate} Hz mono")
    network.load_state_dict(torch.load(arguments.model, map_location="cpu", weights_only=True), strict=True)
    with torch.inference_mode():
        scores = network(torch.from_numpy(samples)[None])["clipwise_output"][0]
    for index in scores.argsort(descending=True)[:5].tolist():
        print(index, round(float(scores[index]), 4))


if __name__ == "__main__":
    main()
