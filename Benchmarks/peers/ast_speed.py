"""AST beside PyTorch: the time of one clip of ten seconds, interleaved, in fp32 and bf16.

Ours is the whole command, so that one clip is what a recording of six clips takes longer than one of a single clip,
over five: start, weights and packing cancel out, the front end does not. PyTorch's is the best of its ways: eager with
fused attention, bf16 by autocast and by weights turned into bfloat16; the network alone, without its front end.

    python Benchmarks/peers/ast_speed.py .build/release/epanns FOLDER ast-16 --threads 2

FOLDER is what `Tools/reference/full_size.py FOLDER ast-16` wrote. Prints the least and the median of each.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import soundfile
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tools" / "reference"))

from networks import full_size_networks


def command_seconds(arguments, precision: str, wave: Path) -> float:
    command = [
        arguments.binary, "tag", "--model", arguments.folder / f"{arguments.network}.pt", "--precision", precision,
        "--threads", arguments.threads, "--jobs", 1, "--window", 10, "--format", "json", wave]
    began = time.monotonic()
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("network")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=4)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    network = full_size_networks()[arguments.network]().eval()
    features = torch.randn(1, 1, 1024, 128)
    half = full_size_networks()[arguments.network]().eval().bfloat16()
    ways = {
        "PyTorch fp32": lambda: network.from_log_mel(features),
        "PyTorch bf16, autocast": lambda: autocast(network, features),
        "PyTorch bf16, weights": lambda: half.from_log_mel(features.bfloat16()),
    }
    samples, rate = soundfile.read(arguments.folder / "wave-16000.wav", dtype="float32")
    waves = {count: arguments.folder / f"wave-16000-{count}.wav" for count in (1, 6)}
    for count, path in waves.items():
        soundfile.write(path, np.tile(samples[: 10 * rate], count), rate, subtype="FLOAT")
    times: dict[str, list[float]] = {}
    with torch.inference_mode():
        for _ in range(arguments.rounds):
            for precision in ("fp32", "bf16"):
                few, many = (command_seconds(arguments, precision, waves[count]) for count in (1, 6))
                times.setdefault(f"epanns {precision}", []).append((many - few) / 5)
            for name, run in ways.items():
                run()
                began = time.monotonic()
                run()
                times.setdefault(name, []).append(time.monotonic() - began)
    for name, values in times.items():
        print(f"{name:24} least {min(values) * 1000:7.0f} ms, median {statistics.median(values) * 1000:7.0f} ms")


def autocast(network, features):
    with torch.autocast("cpu", torch.bfloat16):
        return network.from_log_mel(features)


if __name__ == "__main__":
    main()
