"""Tags recordings with the PyTorch reference and prints what `epanns tag --format json` prints, one result a line.

The other side of a comparison on real recordings, and the check of zero_shot.py itself. Files are read as librosa
reads them (channels averaged, then soxr_hq). The network is named as in full_size.py (mn04, epanns-50, …) and its
published checkpoint given; LABELS is AudioSet's class_labels_indices.csv (index, mid, display_name).
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
from pathlib import Path

import librosa
import torch

import networks


def load(name: str, checkpoint: Path) -> torch.nn.Module:
    network = networks.full_size_networks()[name]()
    content = torch.load(checkpoint, map_location="cpu", weights_only=True)
    network.load_state_dict(content.get("model", content), strict=True)
    return network.eval()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=networks.full_size_networks(), metavar="network")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    network = load(arguments.network, arguments.checkpoint)
    digest = hashlib.sha256(arguments.checkpoint.read_bytes()).hexdigest()
    with arguments.labels.open(newline="") as file:
        labels = sorted(csv.DictReader(file), key=lambda row: int(row["index"]))
    for path in arguments.files:
        samples, rate = librosa.load(path, sr=network.sample_rate, mono=True)
        with torch.inference_mode():
            scores = network(torch.from_numpy(samples)[None])["clipwise_output"][0]
        tags = [
            {"index": i, "mid": labels[i]["mid"], "name": labels[i]["display_name"], "score": float(scores[i])}
            for i in scores.argsort(descending=True).tolist()]
        seconds = len(samples) / rate
        window = {"start_seconds": 0.0, "end_seconds": seconds, "tags": tags}
        model = {"name": arguments.network, "sha256": digest, "precision": "fp32"}
        print(json.dumps(
            {"file": str(path), "duration_seconds": seconds, "model": model, "windows": [window]}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
