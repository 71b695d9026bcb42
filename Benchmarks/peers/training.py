"""How fast is a training step beside PyTorch's, on the same network, batch and machine?

A step is forward (dropout on), binary cross-entropy, backward and Adam with AMSGrad, on ready-made spectrograms:
batch 8 of 5 s, log-mel (8, 1, 501, 64), 527 classes, two threads. PyTorch runs in float32 and under bfloat16
autocast, each with contiguous and with channels-last tensors, `set_to_none` gradients and its fused-foreach Adam.
Every system has its own process, and they take turns, so that a busy machine is busy for all alike. The minimum says
what a system can do, the median what it did. Ratios are ours / the best peer of the same arithmetic: below 1, we are
faster. Peak memory is the process's largest resident set (VmHWM), interpreter and libraries included.

    (cd Benchmarks && swift build -c release)
    python Benchmarks/peers/training.py --epanns-bench Benchmarks/.build/release/epanns-bench --rounds 8
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
NETWORKS = {"cnn14": None, "epanns-50": 50}
VARIANTS = ("fp32", "fp32-channels_last", "bf16", "bf16-channels_last")
PAUSE_SECONDS = 0.05


def peak_bytes() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def serve_pytorch(network_name: str, variant: str, threads: int, batch: int, frames: int) -> None:
    import torch

    sys.path.insert(0, str(HERE.parents[1] / "Tools" / "reference"))
    import networks

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    ratio = NETWORKS[network_name]
    network = networks.cnn14() if ratio is None else networks.cnn14(widths=networks.EPANNS_WIDTHS[ratio])
    network.train()
    inputs = torch.rand(batch, 1, frames, 64) * 70 - 60
    targets = (torch.rand(batch, 527) < 0.005).float()
    if "channels_last" in variant:
        network = network.to(memory_format=torch.channels_last)
        inputs = inputs.contiguous(memory_format=torch.channels_last)
    trained = [p for n, p in network.named_parameters()
               if p.requires_grad and not n.startswith(("spectrogram_extractor", "logmel_extractor"))]
    optimizer = torch.optim.Adam(trained, lr=1e-5, amsgrad=True)

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=variant.startswith("bf16")):
            logits = network.from_log_mel(inputs)["logits"]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits.float(), targets)
        loss.backward()
        optimizer.step()
        return loss.item()

    step()
    for _ in sys.stdin:
        start = time.perf_counter()
        loss = step()
        milliseconds = (time.perf_counter() - start) * 1e3
        print(json.dumps({"ms": [milliseconds], "loss": loss, "peak_bytes": peak_bytes()}), flush=True)


class Worker:
    def __init__(self, name: str, command: list[str], threads: int):
        self.name, self.times, self.peak = name, [], 0
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def step(self) -> None:
        time.sleep(PAUSE_SECONDS)
        self.process.stdin.write("step\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        self.times += answer["ms"]
        self.peak = answer["peak_bytes"]

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def compare(network: str, arguments: argparse.Namespace) -> list[dict]:
    # One kind of arithmetic at a time: five networks with their moments would not fit into a small machine's memory.
    rows = []
    for precision in arguments.precisions.split(","):
        names = [f"epanns {precision}"] + [f"pytorch {v}" for v in VARIANTS if v.startswith(precision)]
        workers = []
        for name in names:
            system, variant = name.split(" ")
            command = (
                [arguments.epanns_bench, "train", network, "--serve", "--precision", variant, "--threads",
                 str(arguments.threads), "--batch", str(arguments.batch), "--seconds", str(arguments.seconds)]
                if system == "epanns" else
                [sys.executable, __file__, "--serve", network, variant, "--threads", str(arguments.threads),
                 "--batch", str(arguments.batch), "--seconds", str(arguments.seconds)])
            workers.append(Worker(name, command, arguments.threads))
        for _ in range(arguments.rounds):
            for worker in random.sample(workers, len(workers)):
                worker.step()
        for worker in workers:
            worker.close()
            rows.append({
                "network": network, "system": worker.name, "min_ms": min(worker.times),
                "median_ms": statistics.median(worker.times), "peak_mb": worker.peak / 1e6, "steps": len(worker.times)})
            print(f"{network:10} {worker.name:28} min {rows[-1]['min_ms']:7.0f} ms  median "
                  f"{rows[-1]['median_ms']:7.0f} ms  peak {rows[-1]['peak_mb']:6.0f} MB", flush=True)
        ours, peers = rows[-len(workers)], rows[-len(workers) + 1:]
        best = min(peers, key=lambda r: r["min_ms"])
        print(f"{network:10} {precision}: ours / best peer ({best['system']}): min "
              f"{ours['min_ms'] / best['min_ms']:.2f}, median "
              f"{ours['median_ms'] / min(r['median_ms'] for r in peers):.2f}, peak memory / least peer "
              f"{ours['peak_mb'] / min(r['peak_mb'] for r in peers):.2f}", flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epanns-bench")
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--precisions", default="fp32,bf16")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--serve", nargs=2, metavar=("NETWORK", "VARIANT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        frames = int(arguments.seconds * 32000) // 320 + 1
        return serve_pytorch(*arguments.serve, arguments.threads, arguments.batch, frames)
    if not arguments.epanns_bench:
        parser.error("name our benchmark with --epanns-bench")
    rows = [row for network in arguments.networks.split(",") for row in compare(network, arguments)]
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
