"""Is `epanns prune` quick and small? On a full CNN14 checkpoint, start to end of the program.

Prunes half of C7 to C12, latency measurements and writing included, and compares with the bounds: at most 10 s of wall
time and a peak resident memory (ru_maxrss of os.wait4) of at most twice the checkpoint's size. Then once more without
latency measurements, which is what the ranking and the surgery alone take. Fails with exit status 1 above a bound.

    python Benchmarks/prune.py --epanns PATH --model CNN14.pth [--runs 3]

Standard library only: a new process inherits the high-water mark of the one that started it, so the measuring process
must stay small.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MAXIMUM_SECONDS = 10.0
MAXIMUM_SHARE = 2.0  # of the checkpoint's size


def measure(command: list[str]) -> tuple[float, float]:
    """Wall seconds and peak resident bytes of one process."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
        if process.returncode != 0:
            output.seek(0)
            raise SystemExit(output.read().decode(errors="replace")[-800:])
    return seconds, usage.ru_maxrss * (1024 if sys.platform == "linux" else 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epanns", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    size = arguments.model.stat().st_size
    passed = True
    for name, extra in (("with latency", []), ("without", ["--skip-latency"])):
        with tempfile.TemporaryDirectory() as folder:
            command = [str(arguments.epanns), "prune", "--model", str(arguments.model), "--output", f"{folder}/half.safetensors",
                       "--force", *extra]
            results = [measure(command) for _ in range(arguments.runs)]
        seconds, peak = min(r[0] for r in results), max(r[1] for r in results)
        held = seconds <= MAXIMUM_SECONDS and peak <= MAXIMUM_SHARE * size
        passed &= held
        print(
            f"{name:13} {seconds:5.2f} s (at most {MAXIMUM_SECONDS:.0f}), peak {peak / 2**20:.0f} MiB = "
            f"{peak / size:.2f} × the file's {size / 2**20:.0f} MiB (at most {MAXIMUM_SHARE:.0f}): "
            f"{'held' if held else 'NOT HELD'}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
