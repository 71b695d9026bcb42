#!/usr/bin/env python3
r"""Makes the audio that the built-in model is trained on, from free recordings and computed sounds.

    make_data.py --packages OUT_OF_FETCH --esc10 ESC10 --out DATA [--hours 12] [--seed 1] [--shares city] \
        [--calibration 1]

--packages  what fetch.sh left: unpacked/ and packages.tsv
--esc10     ESC-10: esc10.csv (filename, fold, target, category) and its recordings; folds 1–4 alone are read
--out       gets clips/*.wav (32 kHz mono, 16 bit, 5 or 10 s), table.csv (filename, fold, source; fold 1 is for
            training, fold 2, about 4 %, for calibration, and no recording is in both), sources.csv (package,
            version, what, files, hours decoded, hours of clips in which its audio sounds) and hours.csv (by kind)
--shares    general: everything. city: one sound after another; and machines near and far and voices out of doors,
            many more than are used: choose.py --wanted keeps those in which the teacher hears what it should
--calibration  the share of clips that are for calibration: 1 for nothing else

Needs Python 3.10, numpy, scipy, soundfile (libsndfile 1.1 or newer), and ffmpeg on PATH. One process. The same
seed and the same versions give the same files. UrbanSound8K and fold 5 of ESC-10 are for testing: never read.
"""

import argparse
import csv
import fcntl
import os
import sys
import time

import numpy as np
import soundfile

import sources
from mixing import Material, as_float, clip_of
from sources import RATE, fraction

CALIBRATION = 0.04

# Shares of the hours, by what a clip is built on.
SHARES = {
    "esc10": 0.10,  # as it is, or lightly changed
    "esc10-mix": 0.17,  # with other sounds behind it
    "effects": 0.13,
    "engines": 0.03,
    "speech": 0.05,
    "children": 0.03,
    "babble": 0.01,
    "music": 0.05,
    "instruments": 0.05,
    "synth": 0.21,
    "mix": 0.17,
}
CITY_SHARES = {"vehicles": 0.6, "yard": 0.25, "sequence": 0.15}


def is_kept_back(source):
    """Whether a recording is for calibration alone: the same ones whatever the seed, so that folders go together."""
    return fraction(f"1|{source.name}") < CALIBRATION


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--packages", required=True)
    parser.add_argument("--esc10", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--hours", type=float, default=12.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shares", choices=("general", "city"), default="general")
    parser.add_argument("--calibration", type=float, default=CALIBRATION)
    arguments = parser.parse_args()
    started = time.time()

    root = os.path.join(arguments.packages, "unpacked")
    with open(os.path.join(arguments.packages, "packages.tsv"), newline="") as f:
        versions = {r["package"]: r["version"] for r in csv.DictReader(f, delimiter="\t")}
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "packages.csv"), newline="") as f:
        wanted = [r for r in csv.DictReader(f)]

    everything, notes = sources.from_esc10(arguments.esc10), []
    for r in wanted:
        name, folder = r["package"], os.path.join(root, r["package"])
        if name not in versions:
            print(f"{name} was not fetched: left out", file=sys.stderr)
        elif r["kind"] == "soundfont":
            for base, _, names in os.walk(folder):
                for file in sorted(names):
                    if file.endswith(".sf2"):
                        notes += sources.from_soundfont(os.path.join(base, file), name)
        elif r["kind"] != "tool":
            found = sources.from_package(folder, name, r["kind"], arguments.seed)
            everything += found
            seconds = sum(len(p) for s in found for p in s.pieces) / RATE
            print(f"{time.time() - started:5.0f} s  {name}: {len(found)} recordings, {seconds / 60:.1f} min", file=sys.stderr)
    if "espeak-ng" in versions:
        everything += sources.from_espeak(root, 400, np.random.default_rng([arguments.seed, 7]))

    everything.sort(key=lambda s: s.name)
    for s in everything:
        s.calibration = is_kept_back(s)
    for note in notes:
        note[0].calibration = is_kept_back(note[0])
    sides = []
    for side in (False, True):
        sides.append(Material([s for s in everything if s.calibration == side],
                              [n for n in notes if n[0].calibration == side]))
    for kind in ("esc10", "effects", "engines", "speech", "recorded", "music"):
        if not all(kind in m.kinds for m in sides):
            sys.exit(f"make_data.py: there is no {kind} to train on, or none to keep back; are all packages fetched?")
    if not all(m.notes for m in sides):
        sys.exit("make_data.py: there are no notes of instruments; was fluid-soundfont-gm fetched?")
    print(f"{time.time() - started:5.0f} s  decoded {len(everything)} recordings, {len(notes)} notes", file=sys.stderr)

    clips = os.path.join(arguments.out, "clips")
    os.makedirs(clips, exist_ok=True)
    lock = open(os.path.join(arguments.out, "lock"), "w")  # held till the end
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"make_data.py: another make_data.py is writing into {arguments.out}; stop that first.")
    for old in ("table.csv", "chosen.csv"):
        if os.path.exists(os.path.join(arguments.out, old)):
            os.remove(os.path.join(arguments.out, old))
    for old in os.listdir(clips):
        if old.endswith(".wav"):
            os.remove(os.path.join(clips, old))
    hours, package_hours, rows, number = {}, {}, [], 0

    def add(kind, x, label, used, fold, rng):
        nonlocal number
        peak = np.abs(x).max()
        if not np.isfinite(peak) or peak < 1e-6:
            return 0.0
        x = x / peak * 10 ** (rng.uniform(-24, -0.5) / 20 if rng.random() < 0.5 else -0.05)
        if rng.random() < 0.03:
            x = np.clip(x * 2, -1, 1)
        name = f"{number:06d}.wav"
        number += 1
        soundfile.write(os.path.join(clips, name), np.round(x * 32767).astype(np.int16), RATE, subtype="PCM_16")
        seconds = len(x) / RATE
        rows.append((f"clips/{name}", fold, label))
        hours[kind] = hours.get(kind, 0) + seconds / 3600
        for p in set(used):
            package_hours[p] = package_hours.get(p, 0) + seconds / 3600
        return seconds

    # ESC-10 as it is, once each, then every kind until its share is full. Each clip has its own generator.
    total = arguments.hours * 3600
    shares = SHARES if arguments.shares == "general" else CITY_SHARES
    for s in everything:
        if s.kind == "esc10" and "esc10" in shares and (s.calibration or arguments.calibration < 1):
            for i, piece in enumerate(s.pieces):
                rng = np.random.default_rng([arguments.seed, 11, int(fraction(f"{s.name}{i}") * 2**31)])
                x = as_float(piece)
                x = np.pad(x, (0, max(0, 5 * RATE - len(x))))
                add("esc10", x, f"esc10:{s.name}", ["ESC-10"], 2 if s.calibration else 1, rng)
    for index, (kind, share) in enumerate(shares.items()):
        done = hours.get(kind, 0) * 3600
        i = 0
        while done < share * total:
            rng = np.random.default_rng([arguments.seed, 100 + index, i])
            i += 1
            calibration = rng.random() < arguments.calibration
            n = (10 if kind == "sequence" or rng.random() < (0.5 if "mix" in kind else 0.12) else 5) * RATE
            x, label, used = clip_of(rng, sides[calibration], kind, n)
            done += add(kind, x, label, used, 2 if calibration else 1, rng)
        print(f"{time.time() - started:5.0f} s  {kind}: {hours[kind]:.2f} h", file=sys.stderr)

    counts, decoded = {}, {}
    for s in everything + [n[0] for n in notes]:
        counts[s.package] = counts.get(s.package, 0) + 1
        decoded[s.package] = decoded.get(s.package, 0) + sum(len(p) for p in s.pieces) / RATE / 3600
    what = {r["package"]: r["what"] for r in wanted} | {
        "ESC-10": "ten kinds of environmental sounds; folds 1–4", "synthetic": "computed by synth.py"}
    with open(os.path.join(arguments.out, "sources.csv"), "w", newline="") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(("package", "version", "what", "files", "hours_decoded", "hours_of_clips"))
        for p in sorted(package_hours, key=lambda p: -package_hours[p]):
            w.writerow((p, versions.get(p, ""), what[p], counts.get(p, 0), f"{decoded.get(p, 0):.3f}", f"{package_hours[p]:.2f}"))
    with open(os.path.join(arguments.out, "hours.csv"), "w", newline="") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(("kind", "hours"))
        w.writerows((k, f"{h:.3f}") for k, h in hours.items())
    # Last, and in one step: who finds it finds everything.
    table = os.path.join(arguments.out, "table.csv")
    with open(table + ".part", "w", newline="") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(("filename", "fold", "source"))
        w.writerows(rows)
    os.replace(table + ".part", table)
    second = sum(r[1] == 2 for r in rows)
    print(f"{time.time() - started:5.0f} s  {len(rows)} clips, {sum(hours.values()):.2f} h, {second} for calibration", file=sys.stderr)


if __name__ == "__main__":
    main()
