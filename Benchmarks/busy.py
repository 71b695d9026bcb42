"""What does the program take on an idle machine, and what while others compute?

Threads that share a layer wait for one another at its end. Where they spin, and a core is taken by somebody else, they
wait for a thread that they themselves keep from running: small networks then took ten times as long. This runs each
job with the defaults, with one thread, and with libgomp told not to spin (GOMP_SPINCOUNT=0), in turns, first alone and
then beside busy loops, and compares the defaults with the best.

    python3 Benchmarks/busy.py --epanns .build/release/epanns --model mn04_as_mAP_432.pt --clips FOLDER \\
        --table esc10.csv [--before OLDER_EPANNS] [--runs 7] [--loops 4] [--exclusive]

| job | what |
|---|---|
| one clip | `tag` of one recording by the small model |
| one clip, built in | the same by the built-in model |
| windows | `tag --window 2 --hop 0.5` of a minute |
| clips in turn | `tag --jobs 1` of 21 recordings |
| training | `train --init MODEL --iterations 10 --batch-size 16`, recordings packed already; with --table |

--before adds another program with its defaults. --exclusive runs the idle part at real-time priority (`chrt`, needs
root), so that whatever else the machine does hardly counts; the busy part never does. Every line has minimum and
median of wall and processor time. Exit status 1 where the default's minimum is above 1.3 times the best choice's beside
the loops, or above 1.1 times it alone.

Standard library only.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

ALLOWED = {"busy": 1.3, "idle": 1.1}


def minute(path: Path) -> None:
    """A minute of a tone that rises and falls, 32 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(32000)
        second = bytearray()
        for index in range(32000):
            angle = 2 * math.pi * (440 * index / 32000 + 20 * math.sin(2 * math.pi * index / 32000))
            second += struct.pack("<h", int(8000 * math.sin(angle)))
        file.writeframes(bytes(second) * 60)


def measure(command: list[str], environment: dict[str, str], prefix: list[str]) -> tuple[float, float]:
    """Wall and processor time of one run, in seconds."""
    start = time.monotonic()
    process = subprocess.Popen(
        prefix + command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE)
    error = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}: status {process.returncode}\n{error.decode(errors='replace')}")
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epanns", required=True, type=Path)
    parser.add_argument("--before", type=Path, help="another program to compare with")
    parser.add_argument("--model", required=True, help="a small network's file")
    parser.add_argument("--clips", required=True, type=Path, help="a folder of short recordings")
    parser.add_argument("--table", type=Path, help="their table, with folds; adds training")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--loops", type=int, default=4)
    parser.add_argument("--only", action="append", choices=["idle", "busy"])
    parser.add_argument("--jobs", help="only these jobs, with commas between them")
    parser.add_argument("--exclusive", action="store_true")
    options = parser.parse_args()
    # However it ends, the loops end with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    program = str(options.epanns.resolve())
    clips = sorted(str(path) for path in options.clips.iterdir() if path.suffix in {".wav", ".ogg", ".flac", ".mp3"})
    if not clips:
        sys.exit(f"{options.clips} holds no recordings")

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        minute(folder / "minute.wav")
        jobs = {
            "one clip": ["tag", "-m", options.model, clips[0]],
            "one clip, built in": ["tag", clips[0]],
            "windows": ["tag", "-m", options.model, "--window", "2", "--hop", "0.5", str(folder / "minute.wav")],
            "clips in turn": ["tag", "-m", options.model, "--jobs", "1", *clips[:21]],
        }
        if options.table:
            jobs["training"] = [
                "train", "--init", options.model, "--data", str(options.table), "--audio", str(options.clips),
                "--folds-test", "5", "--iterations", "10", "--batch-size", "16", "--cache", str(folder / "cache"),
                "--output", str(folder / "run")]
        if options.jobs:
            jobs = {name: jobs[name] for name in options.jobs.split(",")}

        missed = []
        for load in options.only or ["idle", "busy"]:
            prefix = ["chrt", "--fifo", "1"] if load == "idle" and options.exclusive else []
            loops = [
                subprocess.Popen([sys.executable, "-c", "while True: pass"])
                for _ in range(options.loops if load == "busy" else 0)]
            try:
                for job, arguments in jobs.items():
                    ways = {
                        "default": ([program, *arguments], {}),
                        "one thread": ([program, *arguments, "--threads", "1"], {}),
                        "no spinning": ([program, *arguments], {"GOMP_SPINCOUNT": "0"}),
                    }
                    if options.before:
                        ways["before"] = ([str(options.before.resolve()), *arguments], {})
                    times: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
                    count = max(2, options.runs // 2) if job == "training" else options.runs
                    # The first round packs recordings and fills caches.
                    for turn in range(count + 1):
                        for way, (command, environment) in ways.items():
                            shutil.rmtree(folder / "run", ignore_errors=True)
                            taken = measure(command, environment, prefix)
                            if turn > 0:
                                times[way].append(taken)
                    for way, rows in times.items():
                        wall, cpu = zip(*rows)
                        print(
                            f"{load:4}  {job:18}  {way:11}  wall min {min(wall):7.3f} s  median "
                            f"{statistics.median(wall):7.3f} s  processor min {min(cpu):7.3f} s  median "
                            f"{statistics.median(cpu):7.3f} s", flush=True)
                    best = min(min(row[0] for row in rows) for way, rows in times.items() if way != "before")
                    ratio = min(row[0] for row in times["default"]) / best
                    verdict = "held" if ratio <= ALLOWED[load] else "MISSED"
                    print(f"{load:4}  {job:18}  default / best {ratio:.2f} (at most {ALLOWED[load]}): {verdict}")
                    if ratio > ALLOWED[load]:
                        missed.append((load, job))
            finally:
                for loop in loops:
                    loop.kill()
                    loop.wait()
        return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
