"""Loads a pruned model into PyTorch's network strictly, and compares scores.

    python Tools/reference/strict_load.py EPANNS PRUNED.safetensors WAVE [--save state_dict.pt]

PRUNED is what `epanns prune --keep-stft` wrote, from a checkpoint that has everything: its tensors then are the whole
state dict of `networks.py`'s class, which has the published key names, and `load_state_dict(strict=True)` takes them.
Where the STFT kernels or the mel bank were left out, they are filled in from the class, and that is said. The scores of
WAVE by the class in float32 are compared with those of `epanns tag --precision fp32`. --save writes the state dict with
`torch.save`, for the authors' own code.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

import librosa
import torch
from safetensors import safe_open
from safetensors.torch import load_file

import networks
from front_ends import PANNS_8K, PANNS_16K, PANNS_32K

TOLERANCE = 1e-4  # of a score: float32 through twelve layers in two orders of summation; measured 1e-6
FACTORIES = {"cnn6": networks.cnn6, "cnn10": networks.cnn10, "cnn14": networks.cnn14}
FRONT_ENDS = {front_end.sample_rate: front_end for front_end in (PANNS_8K, PANNS_16K, PANNS_32K)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("epanns")
    parser.add_argument("model")
    parser.add_argument("wave")
    parser.add_argument("--save")
    arguments = parser.parse_args()
    with safe_open(arguments.model, "pt") as file:
        metadata = file.metadata()
    configuration = json.loads(metadata["epanns.configuration"])
    records = json.loads(metadata.get("epanns.pruning", "[]"))
    tensors = load_file(arguments.model)

    rate = configuration["frontEnd"]["sampleRate"]
    network = FACTORIES[configuration["architecture"]](
        configuration["widths"], configuration["embeddingWidth"], configuration["classCount"], FRONT_ENDS[rate])
    own = network.state_dict()
    filled = [key for key in own if key not in tensors and key.startswith(("spectrogram_extractor.", "logmel_extractor."))]
    tensors.update({key: own[key] for key in filled})
    print(network.load_state_dict(tensors, strict=True), f"({len(tensors)} tensors, {len(filled)} filled in)")
    for record in records:
        layers = ", ".join(f"{len(layer['kept'])} of {layer['width']}" for layer in record["layers"])
        print(f"pruned by {record['criterion']}, ratio {record.get('ratio')}: {layers}")
    if arguments.save:
        torch.save(network.state_dict(), arguments.save)

    samples, _ = librosa.load(arguments.wave, sr=rate, mono=True)
    network.eval()
    with torch.no_grad():
        expected = network(torch.from_numpy(samples)[None])["clipwise_output"][0]
    run = subprocess.run(
        [arguments.epanns, "tag", "--model", arguments.model, "--precision", "fp32", "--format", "json", "-k",
         str(configuration["classCount"]), arguments.wave], check=True, capture_output=True)
    result = json.loads(run.stdout)
    result = result[0] if isinstance(result, list) else result
    scores = torch.zeros_like(expected)
    for tag in result["windows"][0]["tags"]:
        scores[tag["index"]] = tag["score"]
    worst = (scores - expected).abs().max().item()
    print(f"scores {expected.min():.3f}…{expected.max():.3f}, worst difference {worst:.1e}")
    return 0 if worst <= TOLERANCE and not filled else 1


if __name__ == "__main__":
    sys.exit(main())
