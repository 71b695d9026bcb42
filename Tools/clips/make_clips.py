"""Makes the bundled clips in Examples/: every sample is computed here, nothing is recorded.

    python Tools/clips/make_clips.py Examples

smoke-alarm.flac: the three-beep pattern of smoke alarms (about 3.15 kHz; half a second on, half off, then a pause)
in a small room. alarm-then-siren.flac: the same alarm, and from the fifth second on the wail of a siren in a street.

The script is part of the package (MIT); the clips are given to the public domain under CC0 1.0.
Made with numpy 2.4 and soundfile 0.14; needs both. The seed is fixed, so the same samples come out again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy
import soundfile

SAMPLE_RATE = 32000
SEED = 2023


def times(seconds: float) -> numpy.ndarray:
    return numpy.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def faded(signal: numpy.ndarray, rise_seconds: float, fall_seconds: float) -> numpy.ndarray:
    rise, fall = round(rise_seconds * SAMPLE_RATE), round(fall_seconds * SAMPLE_RATE)
    envelope = numpy.ones(len(signal))
    envelope[:rise] = numpy.linspace(0, 1, rise)
    envelope[len(signal) - fall:] = numpy.linspace(1, 0, fall)
    return signal * envelope


def harmonics(phase: numpy.ndarray, amplitudes: list[float]) -> numpy.ndarray:
    return sum(a * numpy.sin((i + 1) * phase) for i, a in enumerate(amplitudes))


def reverberated(
    signal: numpy.ndarray, seconds: float, amount: float, random: numpy.random.Generator
) -> numpy.ndarray:
    """Adds the response of a room: noise that falls by 60 dB in the given time."""
    count = round(seconds * SAMPLE_RATE)
    response = random.standard_normal(count) * 10 ** (-3 * numpy.arange(count) / count)
    response *= amount / numpy.sqrt(numpy.sum(response**2))
    size = len(signal) + count
    wet = numpy.fft.irfft(numpy.fft.rfft(signal, size) * numpy.fft.rfft(response, size), size)
    return signal + wet[:len(signal)]


def background(count: int, level: float, random: numpy.random.Generator) -> numpy.ndarray:
    """Pink-like noise above 20 Hz, so that pauses are no digital silence."""
    frequencies = numpy.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    shape = numpy.where(frequencies >= 20, numpy.maximum(frequencies, 1) ** -0.5, 0)
    noise = numpy.fft.irfft(numpy.fft.rfft(random.standard_normal(count)) * shape, count)
    return level * noise / noise.std()


def smoke_alarm(seconds: float, random: numpy.random.Generator) -> numpy.ndarray:
    signal = numpy.zeros(round(seconds * SAMPLE_RATE))
    beep = faded(harmonics(2 * numpy.pi * 3150 * times(0.5), [1, 0.25, 0.12]), 0.005, 0.01)
    for group in numpy.arange(0.4, seconds, 4.0):
        for start in group + numpy.arange(3):
            rest = signal[round(start * SAMPLE_RATE):][:len(beep)]
            rest += beep[:len(rest)]
    return 0.3 * reverberated(signal, 0.4, 0.4, random)


def siren(seconds: float, random: numpy.random.Generator) -> numpy.ndarray:
    """A wail between 600 and 1400 Hz, up and down in 4.5 s."""
    swing = 0.5 - 0.5 * numpy.cos(2 * numpy.pi * times(seconds) / 4.5)
    phase = 2 * numpy.pi * numpy.cumsum(600 * (1400 / 600) ** swing) / SAMPLE_RATE
    return 0.25 * reverberated(harmonics(phase, [n**-1.2 for n in range(1, 9)]), 1.2, 0.5, random)


def smoke_alarm_clip(random: numpy.random.Generator) -> numpy.ndarray:
    signal = smoke_alarm(6, random)
    return signal + background(len(signal), 0.003, random)


def alarm_then_siren_clip(random: numpy.random.Generator) -> numpy.ndarray:
    signal = background(10 * SAMPLE_RATE, 0.003, random)
    half = len(signal) // 2
    signal[:half] += faded(smoke_alarm(5, random), 0.0, 0.3)
    signal[half:] += faded(siren(5, random), 0.4, 0.2)
    return signal


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    for name, make in {"smoke-alarm": smoke_alarm_clip, "alarm-then-siren": alarm_then_siren_clip}.items():
        signal = make(numpy.random.default_rng(SEED))
        peak = float(numpy.abs(signal).max())
        if peak >= 1:
            raise SystemExit(f"{name} would be clipped: its peak is {peak:.2f}")
        path = folder / f"{name}.flac"
        soundfile.write(path, signal, SAMPLE_RATE, subtype="PCM_16")
        print(f"{path}: {len(signal) / SAMPLE_RATE:g} s, peak {peak:.2f}, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
