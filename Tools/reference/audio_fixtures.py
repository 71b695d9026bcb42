"""Writes the audio fixtures of Tests/EPANNsAudioTests: a small stereo sound in every format the reader promises.

Needs numpy, soundfile, librosa (the versions used are written to `audio.json`) and the `ffmpeg` command for the
formats that libsndfile does not write.

    python Tools/reference/audio_fixtures.py [--output Tests/EPANNsAudioTests/Fixtures]

`audio.json` holds, per file, the length that `librosa.load(sr=32000, mono=True)` gives. `chirp.librosa.npy` is its
result for `chirp.wav`. With `--reference FOLDER --clips FILE…` it writes librosa's result for real recordings
instead, as `NAME.librosa.npy`, which `LibrosaParityTests` reads through EPANNS_REFERENCE.
"""

import argparse
import json
import pathlib
import subprocess
import warnings

import librosa
import numpy as np
import soundfile as sf

RATE = 44100
SECONDS = 0.5
FFMPEG_FILES = {
    "chirp.m4a": ["-c:a", "aac", "-b:a", "96k"],
    # Short pages, so that a cut or damaged file still has whole ones.
    "chirp.ogg": ["-c:a", "libvorbis", "-q:a", "9", "-page_duration", "50000"],
    "chirp.opus": ["-c:a", "libopus", "-b:a", "96k", "-page_duration", "50000"],
    "chirp.mkv": ["-c:a", "libopus", "-b:a", "96k"],
}


def chirp():
    """Left: a sweep from 200 Hz to 6 kHz; right: a tremolo at 1 kHz. Both fade in and out."""
    t = np.arange(int(RATE * SECONDS) + 7) / RATE
    left = 0.5 * np.sin(2 * np.pi * (200 * t + (6000 - 200) * t**2 / (2 * SECONDS)))
    right = 0.3 * np.sin(2 * np.pi * 1000 * t) * (1 + 0.5 * np.sin(2 * np.pi * 8 * t))
    fade = np.minimum(1, np.minimum(t, t[-1] - t) / 0.01)
    return np.stack([left * fade, right * fade], axis=1)


def load(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return librosa.load(path, sr=32000, mono=True)[0]


def write_fixtures(folder):
    sound = chirp()
    wav = folder / "chirp.wav"
    sf.write(wav, sound, RATE, subtype="PCM_16")
    sf.write(folder / "chirp.flac", sound, RATE, subtype="PCM_16")
    sf.write(folder / "chirp.mp3", sound, RATE)
    for name, options in FFMPEG_FILES.items():
        subprocess.run(
            ["ffmpeg", "-v", "error", "-y", "-i", wav, *options, "-fflags", "+bitexact", folder / name], check=True)
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-i", wav, "-ar", "11025", "-c:a", "alac", "-fflags", "+bitexact",
         folder / "alac.caf"], check=True)
    picture = ["-f", "lavfi", "-i", f"color=c=blue:s=32x32:r=10:d={SECONDS}"]
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", *picture, "-i", wav, "-c:v", "mpeg4", "-c:a", "aac", "-b:a", "96k",
         "-movflags", "+faststart", "-fflags", "+bitexact", folder / "video.mp4"], check=True)
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", *picture, "-c:v", "mpeg4", "-fflags", "+bitexact",
         folder / "soundless.mp4"], check=True)
    expected = load(wav)
    np.save(folder / "chirp.librosa.npy", expected.astype(np.float32))
    lengths = {}
    for path in sorted(folder.iterdir()):
        if path.stem in ("chirp", "video") and path.suffix != ".npy":
            lengths[path.name] = len(load(path))
    ffmpeg = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True).stdout.split()[2]
    (folder / "audio.json").write_text(json.dumps({
        "generator": "Tools/reference/audio_fixtures.py",
        "versions": {"librosa": librosa.__version__, "soundfile": sf.__version__,
                     "libsndfile": sf.__libsndfile_version__, "numpy": np.__version__, "ffmpeg": ffmpeg},
        "sampleRate": 32000,
        "lengths": lengths,
    }, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default="Tests/EPANNsAudioTests/Fixtures", type=pathlib.Path)
    parser.add_argument("--reference", type=pathlib.Path)
    parser.add_argument("--clips", nargs="*", default=[], type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.reference:
        arguments.reference.mkdir(parents=True, exist_ok=True)
        for clip in arguments.clips:
            np.save(arguments.reference / f"{clip.name}.librosa.npy", load(clip).astype(np.float32))
    else:
        write_fixtures(arguments.output)


if __name__ == "__main__":
    main()
