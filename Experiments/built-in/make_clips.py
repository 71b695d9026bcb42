#!/usr/bin/env python3
"""Makes the demonstration clips of the README: espeak-ng and computed sounds alone, so that they are ours.

    make_clips.py --packages OUT_OF_FETCH --out FOLDER

Writes FOLDER/*.ogg (32 kHz mono, Ogg Vorbis). Needs what make_data.py needs.
"""

import argparse
import os
import struct
import subprocess

import numpy as np
import soundfile

import machines
import sources
from signals import noise, unit
from sources import RATE


def say(root, text, voice="en-us+f4", pitch=45, speed=150):
    program, environment, data = sources.espeak(root)
    wave = subprocess.run([program, f"--path={data}", "-v", voice, "-p", str(pitch), "-s", str(speed), "--stdout", text],
                          env=environment, capture_output=True, check=True).stdout
    x = np.frombuffer(wave[44 : len(wave) - len(wave) % 2], "<i2").astype(np.float32) / 32768
    return unit(sources.to_rate(x, struct.unpack_from("<I", wave, 24)[0]))


def faded(x, seconds=0.05):
    k = int(seconds * RATE)
    x = x.copy()
    x[:k] *= np.linspace(0, 1, k)
    x[-k:] *= np.linspace(1, 0, k)
    return x


def onto(length, *parts):
    """Adds (start in seconds, level, samples) up on `length` seconds of silence."""
    out = np.zeros(int(length * RATE))
    for start, level, x in parts:
        at = int(start * RATE)
        x = x[: len(out) - at]
        out[at : at + len(x)] += level * x
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--packages", required=True)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    root = os.path.join(arguments.packages, "unpacked")
    os.makedirs(arguments.out, exist_ok=True)
    second = RATE

    def rng(seed):
        return np.random.default_rng([2023, seed])

    street = onto(
        10,
        (0.0, 0.12, faded(unit(machines.engine_idle(rng(0), 10 * second)), 0.5)),
        (0.2, 1.0, faded(say(root, "Attention please. An ambulance is coming. Keep the street clear."))),
        (4.6, 0.9, faded(unit(machines.siren_wail(rng(5), int(5.4 * second))), 0.4)),
    )
    telephone = onto(
        8,
        (0.0, 0.02, unit(noise(rng(6), 8 * second, 0.7))),
        (0.2, 1.0, faded(unit(machines.telephone_bell(rng(1), int(3.2 * second))))),
        (4.0, 1.0, faded(say(root, "Hello? Yes, this is the lighthouse. Who is calling, please?", "en-gb+m3", 40, 155))),
    )
    for name, x in (("street", street), ("telephone", telephone)):
        x = x / np.abs(x).max() * 0.8
        path = os.path.join(arguments.out, f"{name}.ogg")
        # In short writes: libsndfile's Vorbis encoder needs much stack for a long one.
        with soundfile.SoundFile(path, "w", RATE, 1, format="OGG", subtype="VORBIS") as f:
            for at in range(0, len(x), 8192):
                f.write(x[at : at + 8192])
        print(f"{path}: {len(x) / RATE:.1f} s, {os.path.getsize(path) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
