"""Writes full-size checkpoints with random weights, one waveform a sample rate, and the reference's outputs.

What a user's `epanns tag --model F …` reads, from end to end, without downloading anything: `compare.py` runs the
command on the folder this writes. Into OUTPUT go

  <network>.pt              torch.save in the zip container, a bare state dict (as the published E-PANNs and mn)
  cnn14.pth                 torch.save in the legacy container, nested under `model` (as the published PANNs)
  wave-<rate>.wav           10 s mono, 32-bit float, so that nothing is quantised: seeded noise, tones, bursts
  <network>.safetensors     `scores`, `logits`, `embedding` of PyTorch in float32,
                            `scores_float64` (network in float64 on the same log-mel), `scores_bfloat16` (autocast)
  index.json                for each network: checkpoint, waveform, rate, seed, and the versions used

About 3.5 GB for all networks; name some to write fewer. The folder is never committed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import librosa
import numpy as np
import soundfile
import torch
from safetensors.torch import save_file

import networks
from random_weights import evaluate_exactly, fit_scores, randomise, run

NAMES = (
    "cnn6", "cnn10", "cnn14", "cnn14-16k", "cnn14-8k", "cnn14-mel32", "cnn14-mel128", "cnn14-emb32",
    "epanns-25", "epanns-50", "epanns-75", "resnet22", "resnet38", "resnet54",
    "cnn14-decision-level-max", "cnn14-decision-level-avg", "cnn14-decision-level-att",
    "mobilenet-v1", "mobilenet-v2", "wavegram-cnn14", "wavegram-logmel-cnn14", "wavegram-logmel128-cnn14",
    "erann-1-6", "erann-2-5", "ast-10", "ast-16", "mn04", "mn10",
)
LEGACY = "cnn14"
# State dicts that are CNN14's, too: the file's name has to tell.
FILE_NAMES = {
    "cnn14-decision-level-max": "Cnn14_DecisionLevelMax", "cnn14-decision-level-avg": "Cnn14_DecisionLevelAvg"}
SECONDS = 10.0


def make_waveform(sample_rate: int, seconds: float, seed: int) -> np.ndarray:
    """Noise with bursts, a chord and a sweep, float32 in −1…1; another seed is another scene."""
    source = np.random.default_rng(seed)
    count = round(sample_rate * seconds)
    time_axis = np.arange(count) / sample_rate
    wave = 0.01 * source.standard_normal(count)
    for _ in range(4):
        hz, level = source.uniform(80, 0.4 * sample_rate), source.uniform(0.02, 0.15)
        wave += level * np.sin(2 * np.pi * hz * time_axis + source.uniform(0, 2 * np.pi))
    first, last = sorted(source.uniform(100, 0.4 * sample_rate, 2))
    wave += 0.1 * np.sin(2 * np.pi * (first * time_axis + (last - first) * time_axis**2 / (2 * seconds)))
    for _ in range(max(2, int(seconds))):
        centre, width = source.uniform(0, seconds), source.uniform(0.02, 0.4)
        envelope = np.exp(-(((time_axis - centre) / width) ** 2))
        wave += source.uniform(0.05, 0.3) * envelope * source.standard_normal(count)
    return (0.9 * wave / np.abs(wave).max()).astype(np.float32)


def build(name: str, seed: int) -> tuple[torch.nn.Module, torch.Tensor, tuple[torch.Tensor, ...]]:
    """A full-size network with random weights, its 10 s waveform (samples) and what it hears of it."""
    network = networks.full_size_networks()[name]()
    rate = network.sample_rate
    waveform = torch.from_numpy(make_waveform(rate, SECONDS, seed=1))
    scenes = torch.from_numpy(np.stack([make_waveform(rate, 3.0, seed=s) for s in range(2, 6)]))
    with torch.no_grad():
        heard = networks.hears(network, waveform[None])
        others = networks.hears(network, scenes)
        if not hasattr(network, "from_inputs"):
            (heard,), (others,) = heard, others
        randomise(network, others, seed)
        fit_scores(network, [heard, others])
    return network.eval(), waveform, heard


def write(name: str, folder: Path, seed: int) -> dict:
    began = time.monotonic()
    network, waveform, heard = build(name, seed)
    waveform_path = folder / f"wave-{network.sample_rate}.wav"
    if not waveform_path.exists():
        soundfile.write(waveform_path, waveform.numpy(), network.sample_rate, subtype="FLOAT")
    with torch.no_grad():
        outputs = network(waveform[None])
        with torch.autocast("cpu", torch.bfloat16):
            bfloat16 = run(network, heard)["logits"].float().sigmoid()
    exact = evaluate_exactly(network, heard)["clipwise_output"]
    scores = outputs["clipwise_output"]
    tensors = {
        "scores": scores[0], "logits": outputs["logits"][0],
        "embedding": outputs["embedding"][0], "scores_float64": exact[0], "scores_bfloat16": bfloat16[0]}
    if scores.std() < 0.05 or not all(torch.isfinite(t).all() for t in tensors.values()):
        raise SystemExit(f"{name}: the random weights give useless scores, std {scores.std():.3f}")
    metadata = {"generator": "Tools/reference/full_size.py", "torch": torch.__version__, "seed": str(seed)}
    save_file({k: v.contiguous() for k, v in tensors.items()}, folder / f"{name}.safetensors", metadata=metadata)
    if name == LEGACY:
        checkpoint = folder / f"{name}.pth"
        torch.save(
            {"iteration": 600000, "model": network.state_dict()}, checkpoint, _use_new_zipfile_serialization=False)
    else:
        checkpoint = folder / f"{FILE_NAMES.get(name, name)}.pt"
        state = network.state_dict()
        if name.startswith("ast"):  # as published: saved from DataParallel, with two heads that nothing uses
            state |= {f"v.{head}.{part}": torch.zeros(1000, 768) if part == "weight" else torch.zeros(1000)
                      for head in ("head", "head_dist") for part in ("weight", "bias")}
            state = {f"module.{key}": value for key, value in state.items()}
        torch.save(state, checkpoint)
    print(
        f"{name:13} {checkpoint.stat().st_size / 1e6:6.1f} MB  scores {scores.min():.3f}…{scores.max():.3f}"
        f"  PyTorch fp32 {(scores - exact).abs().max():.1e}  bf16 {(bfloat16 - exact).abs().max():.1e}"
        f"  ({time.monotonic() - began:.0f} s)", flush=True)
    return {
        "checkpoint": checkpoint.name, "waveform": waveform_path.name, "sample_rate": network.sample_rate,
        "reference": f"{name}.safetensors", "seed": seed, "torch": torch.__version__,
        "librosa": librosa.__version__, "parameters": sum(p.numel() for p in network.parameters() if p.requires_grad)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="folder to write into; made when absent")
    parser.add_argument("names", nargs="*", help=f"which of {', '.join(NAMES)}; all when absent")
    parser.add_argument("--seed", type=int, default=2023)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(NAMES)
    if unknown:
        parser.error(f"no network is called {', '.join(sorted(unknown))}")
    torch.set_num_threads(arguments.threads)
    arguments.output.mkdir(parents=True, exist_ok=True)
    index_path = arguments.output / "index.json"
    index = json.loads(index_path.read_text()) if index_path.exists() else {}
    for name in arguments.names or NAMES:
        index[name] = write(name, arguments.output, arguments.seed)
        index_path.write_text(json.dumps(index, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
