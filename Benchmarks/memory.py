"""Does `epanns tag` need more memory for a longer file? It must not: windows are read, computed and forgotten.

Writes a file of one minute and one of an hour (16 kHz, 16 bit, 115 MB) into a temporary folder, tags both in windows
of 10 s, and compares the peak resident memory of the two processes (ru_maxrss of os.wait4): the hour may need at
most 20 % more. A clip of 10 s tagged as one is shown besides. Fails with exit status 1 when the hour needs more.

    python Benchmarks/memory.py --epanns PATH [--model FILE | --epanns-bench PATH]

Standard library only: a new process inherits the high-water mark of the one that started it, so the measuring process
must stay small; its own mark is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

RATE = 16000
WINDOW_SECONDS = 10
# Allocators keep what they once had, and tags of more windows take room, too.
ALLOWED_GROWTH = 1.20


def write_noise(path: Path, seconds: int, seed: int) -> None:
    """Noise whose loudness changes every second, so that no two windows are alike."""
    source = random.Random(seed)
    second = [source.randrange(-8000, 8000) for _ in range(RATE)]
    loudnesses = [b"".join(int(s * level / 8).to_bytes(2, "little", signed=True) for s in second) for level in range(1, 9)]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for _ in range(seconds):
            shift = 2 * source.randrange(RATE)
            data = source.choice(loudnesses)
            file.writeframes(data[shift:] + data[:shift])


def peak(command: list[str], threads: int) -> dict:
    """Peak resident memory in MiB and wall time of one process."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    began = time.perf_counter()
    # Files, not pipes: an hour's tags would fill a pipe that nobody reads.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        printed = os.fstat(output.fileno()).st_size
        if process.returncode != 0 or printed == 0:
            errors.seek(0)
            raise SystemExit(
                f"{' '.join(command)}: exit status {process.returncode}, {printed} bytes printed, "
                f"{errors.read().decode(errors='replace')[-500:]}")
    scale = 1024 if sys.platform == "linux" else 1024 * 1024  # KiB on Linux, bytes on macOS
    return {"peak_mib": usage.ru_maxrss / scale, "seconds": seconds, "output_bytes": printed}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epanns", required=True, help="our command")
    side = parser.add_mutually_exclusive_group(required=True)
    side.add_argument("--model", type=Path, help="model file")
    side.add_argument("--epanns-bench", help="writes a model with random weights")
    parser.add_argument("--network", default="epanns-50", help="which one it writes")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--minutes", type=int, default=60, help="length of the long file")
    parser.add_argument("--json", type=Path, help="also write everything here")
    arguments = parser.parse_args()
    if arguments.minutes < 2:
        parser.error("the long file must be longer than the short one, a minute")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        model = arguments.model
        if model is None:
            model = folder / "model.safetensors"
            subprocess.run([arguments.epanns_bench, "model", arguments.network, str(model)], check=True)
        lengths = {"clip": WINDOW_SECONDS, "short": 60, "long": 60 * arguments.minutes}
        results = {}
        for number, (name, seconds) in enumerate(lengths.items()):
            path = folder / f"{name}.wav"
            write_noise(path, seconds, seed=number)
            windows = [] if name == "clip" else ["--window", str(WINDOW_SECONDS)]
            command = [arguments.epanns, "tag", "--model", str(model), *windows, str(path)]
            results[name] = {"audio_seconds": seconds, **peak(command, arguments.threads)}
            path.unlink()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'audio':>8} {'as':>10} {'peak MiB':>9} {'seconds':>8}   (below {own:.0f} MiB nothing can be seen)")
    for name, row in results.items():
        kind = "one clip" if name == "clip" else f"{WINDOW_SECONDS} s each"
        print(f"{row['audio_seconds']:6} s {kind:>10} {row['peak_mib']:9.0f} {row['seconds']:8.2f}")
    growth = results["long"]["peak_mib"] / results["short"]["peak_mib"]
    verdict = "holds" if growth <= ALLOWED_GROWTH else "FAILS"
    print(f"long / short: {growth:.3f}, allowed {ALLOWED_GROWTH:.2f}: {verdict}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"results": results, "growth": growth}, indent=1) + "\n")
    return 0 if growth <= ALLOWED_GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
