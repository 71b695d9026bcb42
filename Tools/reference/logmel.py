"""Writes log-mel fixtures: torchlibrosa for PANNs, our own PyTorch reading of SPEC §2.11 for EfficientAT.

    python Tools/reference/logmel.py [--output Tests/EPANNsAudioTests/Fixtures]

writes `logmel.waveform.npy` (half a second of made-up sound: tone, sweep, noise, a click, digital silence) and
`logmel.NAME.npy`, shape (frames, mels), for every front end; `logmel.json` names the versions. With
`--reference FOLDER --clips FILE…` it writes `CLIP.NAME.npy` and `CLIP.librosa.npy` for real recordings at 32 kHz
instead, which `LogMelParityTests` reads through EPANNS_REFERENCE.
"""

import argparse
import importlib.metadata
import json
import pathlib

import numpy as np
import torch
from torchlibrosa.stft import LogmelFilterBank, Spectrogram

PANNS = {
    "panns32k": (32000, 1024, 320, 64, 50, 14000),
    "panns32k-mel32": (32000, 1024, 320, 32, 50, 14000),
    "panns32k-mel128": (32000, 1024, 320, 128, 50, 14000),
    "panns16k": (16000, 512, 160, 64, 50, 8000),
    "panns8k": (8000, 256, 80, 64, 50, 4000),
}


def panns(waveform, rate, size, hop, mels, low, high):
    stft = Spectrogram(n_fft=size, hop_length=hop, win_length=size, window="hann", center=True,
                       pad_mode="reflect", freeze_parameters=True)
    logmel = LogmelFilterBank(sr=rate, n_fft=size, n_mels=mels, fmin=low, fmax=high, ref=1.0, amin=1e-10,
                              top_db=None, freeze_parameters=True)
    with torch.no_grad():
        return logmel(stft(torch.from_numpy(waveform)[None]))[0, 0].numpy()


def kaldi_bank(rate, size, mels, low, high):
    def mel(hz):
        return 1127 * np.log(1 + np.asarray(hz) / 700)

    edges = np.linspace(mel(low), mel(high), mels + 2)
    bins = mel(np.arange(size // 2) * rate / size)[:, None]
    rise = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    bank = np.maximum(0, np.minimum(rise, fall))
    return torch.from_numpy(np.vstack([bank, np.zeros((1, mels))]).astype(np.float32))


def efficient_at(waveform):
    x = torch.from_numpy(waveform)
    x = x[1:] - 0.97 * x[:-1]
    window = torch.hann_window(800, periodic=False)
    spectrum = torch.stft(x, 1024, hop_length=320, win_length=800, window=window, center=True,
                          pad_mode="reflect", return_complex=True)
    power = spectrum.real**2 + spectrum.imag**2
    mel = power.T @ kaldi_bank(32000, 1024, 128, 0, 15000)
    return ((torch.log(mel + 1e-5) + 4.5) / 5).numpy()


def sound():
    rng = np.random.default_rng(20231)
    n = np.arange(16000)
    t = n / 32000
    x = 0.4 * np.sin(2 * np.pi * 440 * t) + 0.2 * np.sin(2 * np.pi * (500 * t + 12000 * t**2))
    x[4000:8000] += 0.1 * rng.standard_normal(4000)
    x[9000:12500] = 0
    x[13000] += 0.9
    return x.astype(np.float32)


def write(folder, prefix, waveform):
    for name, numbers in PANNS.items():
        np.save(folder / f"{prefix}.{name}.npy", panns(waveform, *numbers))
    np.save(folder / f"{prefix}.efficient-at.npy", efficient_at(waveform))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default="Tests/EPANNsAudioTests/Fixtures", type=pathlib.Path)
    parser.add_argument("--reference", type=pathlib.Path)
    parser.add_argument("--clips", nargs="*", default=[], type=pathlib.Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.reference:
        import librosa

        arguments.reference.mkdir(parents=True, exist_ok=True)
        for clip in arguments.clips:
            waveform = librosa.load(clip, sr=32000, mono=True)[0].astype(np.float32)
            np.save(arguments.reference / f"{clip.name}.librosa.npy", waveform)
            write(arguments.reference, clip.name, waveform)
        return
    waveform = sound()
    np.save(arguments.output / "logmel.waveform.npy", waveform)
    write(arguments.output, "logmel", waveform)
    versions = {name: importlib.metadata.version(name) for name in ("torch", "torchlibrosa", "librosa", "numpy")}
    (arguments.output / "logmel.json").write_text(
        json.dumps({"generator": "Tools/reference/logmel.py", "versions": versions}, indent=1) + "\n")


if __name__ == "__main__":
    main()
