"""How fast is this package beside PyTorch, ONNX Runtime and OpenVINO, on the same network, input and machine?

The network is E-PANNs 50 % (widths 64 64 128 128 256 256 256 256 512 512 1024 1024, fc1 2048, 527 classes) or, with
--network, another one of Tools/reference/full_size.py, with random weights, the input 10 s of audio. Every system and thread count has its own process
and the systems take turns, so that a busy machine is busy for all of them alike; the order is shuffled in every
round. The minimum says what a system can do, the median what it did. Ratios are ours / peer: below 1, we are faster.

Our side is a benchmark executable (--epanns-bench) started once with `serve --model FILE --seconds 10`. It reads a line
{"threads": 1, "precision": "bf16", "part": "network" | "front-end" | "road", "iterations": k} and answers a line
{"ms": [k numbers]}. --no-epanns leaves it out.

With --startup the time and peak memory from process start to first tags are measured instead; see startup.py.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import selectors
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Only the standard library here: this process must stay small beside those it measures (see startup.py).
import startup

HERE = Path(__file__).resolve().parent
PEERS = (  # system, variant, parts
    ("pytorch", "fp32", ("network", "front-end", "road")),
    ("pytorch", "fp32-channels_last", ("network",)),
    ("pytorch", "fp32-frozen-channels_last", ("network",)),
    ("pytorch", "bf16", ("network", "road")),
    ("pytorch", "bf16-channels_last", ("network",)),
    ("pytorch", "bf16-frozen-channels_last", ("network",)),
    ("onnxruntime", "fp32", ("network",)),
    ("openvino", "default", ("network",)),
    ("openvino", "f32", ("network",)),
)
OURS = "epanns"
OUR_PARTS = (("fp32", ("network", "front-end", "road")), ("bf16", ("network", "road")))
# After a run, OpenMP and ONNX Runtime threads spin for a few milliseconds waiting for more; let them fall asleep.
PAUSE_SECONDS = 0.05
ANSWER_SECONDS = 300


class Worker:
    """A process that answers a line of JSON with a line of JSON."""

    def __init__(self, name: str, command: list[str], threads: int):
        self.name, self.detail = name, {}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=startup.thread_environment(threads))

    def ask(self, request: dict) -> list[float]:
        try:
            self.process.stdin.write((json.dumps(request) + "\n").encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            raise SystemExit(f"{self.name} has ended, exit status {self.process.wait()}")
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(ANSWER_SECONDS):
                raise SystemExit(f"{self.name} did not answer {request} in {ANSWER_SECONDS} s")
        line = self.process.stdout.readline()
        try:
            answer = json.loads(line)
            milliseconds = [float(ms) for ms in answer["ms"]]
        except (ValueError, KeyError, TypeError):
            raise SystemExit(f"{self.name} answered {line[:200]!r} to {request}; expected a line of JSON with ms")
        if len(milliseconds) != request["iterations"]:
            raise SystemExit(f"{self.name} was asked for {request['iterations']} iterations, gave {len(milliseconds)}")
        self.detail = answer.get("detail", {})
        return milliseconds

    def stop(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def machine() -> dict:
    model, flags = platform.processor(), set()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                model = value.strip()
            elif key.strip() == "flags":
                flags = set(value.split())
    except OSError:
        pass  # not Linux: the platform's word has to do
    interesting = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
    return {
        "cpu": model, "cores": len(os.sched_getaffinity(0)), "features": [f for f in interesting if f in flags],
        "system": platform.platform(), "python": platform.python_version()}


def interleave(jobs: list, rounds: int, iterations: int, seed: int) -> dict:
    """(name, threads, part) to all its times in ms; a warm-up round first, which is thrown away."""
    order = random.Random(seed)
    times = {job[0]: [] for job in jobs}
    for round_number in range(rounds + 1):
        order.shuffle(jobs)
        for key, worker, request in jobs:
            count = 2 if round_number == 0 else iterations
            answer = worker.ask({**request, "iterations": count})
            if round_number > 0:
                times[key].extend(answer)
            time.sleep(PAUSE_SECONDS)
        print(f"round {round_number} of {rounds}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    return times


def throughput(arguments, folder: Path, peers=PEERS, our_parts=OUR_PARTS) -> dict:
    workers, jobs, ours = [], [], None
    try:
        for threads in arguments.threads:
            for system, variant, parts in peers:
                command = [
                    arguments.python, str(HERE / "worker.py"), "--folder", str(folder), "--network", arguments.network, "--system", system,
                    "--variant", variant, "--threads", str(threads)]
                worker = Worker(f"{system} {variant}", command, threads)
                workers.append(worker)
                jobs += [((worker.name, threads, part), worker, {"part": part}) for part in parts]
        if arguments.epanns_bench:
            # One process for all thread counts: each request names its own. The environment allows the largest.
            command = [arguments.epanns_bench, "serve", "--model", str(folder / f"{arguments.network}.pt"), "--seconds", "10"]
            ours = Worker(OURS, command, max(arguments.threads))
            workers.append(ours)
            for threads in arguments.threads:
                for precision, parts in our_parts:
                    jobs += [
                        ((f"{OURS} {precision}", threads, part), ours,
                         {"threads": threads, "precision": precision, "part": part}) for part in parts]
        before = os.getloadavg()
        times = interleave(jobs, arguments.rounds, arguments.iterations, arguments.seed)
    finally:
        for worker in workers:
            worker.stop()
    rows = [
        {"system": name, "threads": threads, "part": part, "min_ms": min(ms), "median_ms": statistics.median(ms),
         "runs": len(ms), "ms": ms} for (name, threads, part), ms in times.items()]
    rows.sort(key=lambda r: (r["part"] != "network", r["part"], r["threads"], r["system"]))
    details = {w.name: w.detail for w in workers if w is not ours}
    return {"machine": machine(), "load": [before[0], os.getloadavg()[0]], "details": details, "rows": rows}


def show(result: dict) -> None:
    info = result["machine"]
    print(f"{info['cpu']}, {info['cores']} cores, {' '.join(info['features'])}")
    print(f"load average {result['load'][0]:.1f} before, {result['load'][1]:.1f} after")
    for name, detail in result["details"].items():
        print(f"  {name}: " + ", ".join(f"{key} {value}" for key, value in detail.items() if key != "threads"))
    rows = {(r["system"], r["threads"], r["part"]): r for r in result["rows"]}
    print(f"\n{'part':10} {'threads':>7} {'system':33} {'min ms':>8} {'median':>8} {'runs':>5}"
          f"  {'ours fp32/it':>14} {'ours bf16/it':>14}   (ratios: min, median)")
    for (system, threads, part), row in rows.items():
        ratios = []
        for precision in ("fp32", "bf16"):
            own = rows.get((f"{OURS} {precision}", threads, part))
            ratios.append(
                f"{own['min_ms'] / row['min_ms']:6.2f} {own['median_ms'] / row['median_ms']:7.2f}" if own else "–")
        print(f"{part:10} {threads:7} {system:33} {row['min_ms']:8.2f} {row['median_ms']:8.2f} {row['runs']:5}"
              f"  {ratios[0]:>14} {ratios[1]:>14}")


def prepare(python: str, folder: Path, network: str) -> None:
    """Model and input of a network; what is there stays."""
    if not (folder / "front-end.npz").exists() or not (folder / f"{network}.onnx").exists():
        subprocess.run([python, str(HERE / "prepare.py"), str(folder), "--network", network], check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    side = parser.add_mutually_exclusive_group(required=True)
    side.add_argument("--epanns-bench", metavar="PATH", help="our benchmark executable (line protocol above)")
    side.add_argument("--epanns", metavar="PATH", help="our command, for --startup")
    side.add_argument("--no-epanns", action="store_true", help="peers only")
    parser.add_argument("--startup", action="store_true", help="start to first tags instead of speed")
    parser.add_argument("--network", default="epanns-50", help="of Tools/reference/full_size.py")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--iterations", type=int, default=3, help="runs in a row in a system's turn")
    parser.add_argument("--seed", type=int, default=1, help="of the order of turns")
    parser.add_argument("--folder", type=Path, help="keep and reuse model and input here")
    parser.add_argument("--python", default=sys.executable, help="interpreter with the requirements")
    parser.add_argument("--json", type=Path, help="also write everything here")
    arguments = parser.parse_args()
    if arguments.startup and arguments.epanns_bench:
        parser.error("--startup measures the command: give --epanns PATH")
    if arguments.epanns and not arguments.startup:
        parser.error("--epanns goes with --startup; speed is measured with --epanns-bench")
    if arguments.startup and arguments.network != "epanns-50":
        parser.error("--startup measures epanns-50")
    if min(arguments.threads) < 1 or arguments.rounds < 1 or arguments.iterations < 1:
        parser.error("threads, rounds and iterations are 1 or more")
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        prepare(arguments.python, folder, arguments.network)
        if arguments.startup:
            result = startup.measure(arguments.python, arguments.epanns, folder, arguments.threads, arguments.rounds)
            result["machine"] = machine()
            startup.show(result)
        else:
            result = throughput(arguments, folder)
            show(result)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
