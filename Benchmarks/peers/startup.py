"""From process start to first tags: wall time and peak memory of our command and of one-shot Python scripts.

Used by `peers.py --startup`. The commands take turns; the first round only warms the file cache. Wall time runs
from just before the process is made until it has ended, peak memory is the kernel's ru_maxrss of that one process
(os.wait4). A new process inherits the high-water mark of the one that started it, so the measuring process imports
nothing but the standard library and its own mark, printed beside the results, is a floor under what it can see.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def thread_environment(threads: int) -> dict[str, str]:
    """This environment with every usual thread count set; libraries read them when they start."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    return {**os.environ, **{name: str(threads) for name in names}}


def commands(python: str, epanns: str | None, folder: Path, threads: int) -> dict[str, list[str]]:
    model, wave = str(folder / "epanns-50.pt"), str(folder / "wave.wav")
    result = {
        "onnxruntime script": [
            python, str(HERE / "oneshot_onnxruntime.py"), str(folder / "epanns-50.onnx"),
            str(folder / "front-end.npz"), wave, "--threads", str(threads)],
        "pytorch script": [python, str(HERE / "oneshot_pytorch.py"), model, wave, "--threads", str(threads)],
    }
    if epanns:
        result["epanns tag"] = [epanns, "tag", "--model", model, wave]
    return result


def run_once(command: list[str], threads: int) -> tuple[float, float]:
    """Seconds and MiB of one process."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=thread_environment(threads))
    # Tags are a few lines: they fit the pipe, so that reading after the end cannot deadlock.
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    output, errors = process.stdout.read(), process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    if process.returncode != 0 or not output.strip():
        raise SystemExit(f"{command[0]} …: exit status {process.returncode}, {errors.decode()[-300:]}")
    scale = 1024 if sys.platform == "linux" else 1024 * 1024  # ru_maxrss counts KiB on Linux, bytes on macOS
    return seconds, usage.ru_maxrss / scale


def measure(python: str, epanns: str | None, folder: Path, thread_counts: list[int], rounds: int) -> dict:
    samples: dict[tuple[str, int], list] = {}
    before = os.getloadavg()[0]
    for round_number in range(rounds + 1):
        for threads in thread_counts:
            items = list(commands(python, epanns, folder, threads).items())
            turn = round_number % len(items)
            for name, command in items[turn:] + items[:turn]:
                sample = run_once(command, threads)
                if round_number > 0:
                    samples.setdefault((name, threads), []).append(sample)
        print(f"round {round_number} of {rounds}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    rows = []
    for (name, threads), values in sorted(samples.items(), key=lambda item: (item[0][1], item[0][0])):
        seconds, mebibytes = [v[0] for v in values], [v[1] for v in values]
        rows.append({
            "system": name, "threads": threads, "min_s": min(seconds), "median_s": statistics.median(seconds),
            "peak_mib": max(mebibytes), "runs": len(values), "samples": values})
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": rows, "load": [before, os.getloadavg()[0]], "floor_mib": own}


def show(result: dict) -> None:
    info = result["machine"]
    print(f"{info['cpu']}, {info['cores']} cores, {' '.join(info['features'])}")
    print(f"load average {result['load'][0]:.1f} before, {result['load'][1]:.1f} after; "
          f"memory below {result['floor_mib']:.0f} MiB cannot be seen")
    own = {r["threads"]: r for r in result["rows"] if r["system"] == "epanns tag"}
    print(f"\n{'threads':>7} {'system':20} {'min s':>8} {'median':>8} {'peak MiB':>9} {'runs':>5}"
          f"  ours/it: min, median, memory")
    for row in result["rows"]:
        ours = own.get(row["threads"])
        ratio = "–" if ours is None else " ".join(
            f"{ours[key] / row[key]:5.2f}" for key in ("min_s", "median_s", "peak_mib"))
        print(f"{row['threads']:7} {row['system']:20} {row['min_s']:8.3f} {row['median_s']:8.3f}"
              f" {row['peak_mib']:9.0f} {row['runs']:5}  {ratio}")
