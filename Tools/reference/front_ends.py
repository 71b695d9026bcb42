"""Waveform to log-mel, for the families of networks: PANNs (through torchlibrosa), EfficientAT, ERANNs and AST (written here).

Imported by the other scripts; shows nothing by itself. Axes are (batch, channel, time, mel) unless said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn


@dataclass(frozen=True)
class FrontEnd:
    """The numbers of a PANNs front end (SPEC §1.1): rates and edges in Hz, lengths in samples."""

    sample_rate: int = 32000
    n_fft: int = 1024
    hop: int = 320
    mel_bands: int = 64
    fmin: float = 50.0
    fmax: float = 14000.0


PANNS_32K = FrontEnd()
PANNS_16K = FrontEnd(sample_rate=16000, n_fft=512, hop=160, fmax=8000.0)
PANNS_8K = FrontEnd(sample_rate=8000, n_fft=256, hop=80, fmax=4000.0)


def panns_modules(front_end: FrontEnd) -> tuple[nn.Module, nn.Module]:
    """torchlibrosa's two front-end modules; their parameters are frozen and part of a PANNs state dict."""
    from torchlibrosa.stft import LogmelFilterBank, Spectrogram

    spectrogram = Spectrogram(
        n_fft=front_end.n_fft, hop_length=front_end.hop, win_length=front_end.n_fft, window="hann", center=True,
        pad_mode="reflect", freeze_parameters=True)
    log_mel = LogmelFilterBank(
        sr=front_end.sample_rate, n_fft=front_end.n_fft, n_mels=front_end.mel_bands, fmin=front_end.fmin,
        fmax=front_end.fmax, ref=1.0, amin=1e-10, top_db=None, freeze_parameters=True)
    return spectrogram, log_mel


def kaldi_mel_bank(mel_bands: int, n_fft: int, sample_rate: float, fmin: float, fmax: float) -> np.ndarray:
    """Triangles that are linear in Kaldi's mel, 1127·ln(1 + f/700), without area normalisation.

    Shape (mel, bins) with bins = n_fft/2 + 1; the last bin (sr/2) belongs to no triangle. SPEC §2.9 and §2.11.
    """
    def to_mel(hz):
        return 1127.0 * np.log1p(np.asarray(hz, dtype=np.float64) / 700.0)

    edges = np.linspace(to_mel(fmin), to_mel(fmax), mel_bands + 2)
    lower, centre, upper = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    bins = to_mel(np.arange(n_fft // 2) * (sample_rate / n_fft))[None, :]
    rising, falling = (bins - lower) / (centre - lower), (upper - bins) / (upper - centre)
    bank = np.maximum(0.0, np.minimum(rising, falling))
    return np.pad(bank, ((0, 0), (0, 1)))


class EfficientATFrontEnd(nn.Module):
    """EfficientAT's front end in evaluation (SPEC §2.11): samples (batch, N) to (batch, 1, time, 128), normalised.

    Time stays axis 2, as everywhere in this package; the network turns it into mel by time itself.
    It has no state: the window and the bank are computed, never stored in a checkpoint.
    """

    sample_rate, n_fft, window_length, hop, mel_bands = 32000, 1024, 800, 320, 128
    fmin, fmax = 0.0, 15000.0

    def __init__(self):
        super().__init__()
        bank = kaldi_mel_bank(self.mel_bands, self.n_fft, self.sample_rate, self.fmin, self.fmax)
        window = torch.hann_window(self.window_length, periodic=False, dtype=torch.float64)
        self.register_buffer("bank", torch.from_numpy(bank).float(), persistent=False)
        self.register_buffer("window", window.float(), persistent=False)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        emphasised = waveform[:, 1:] - 0.97 * waveform[:, :-1]
        spectrum = torch.stft(
            emphasised, self.n_fft, hop_length=self.hop, win_length=self.window_length, window=self.window,
            center=True, pad_mode="reflect", normalized=False, onesided=True, return_complex=True)
        power = spectrum.real.square() + spectrum.imag.square()  # (batch, bins, time)
        energies = torch.matmul(self.bank, power)  # (batch, mel, time)
        normalised = (torch.log(energies + 1e-5) + 4.5) / 5.0
        return normalised.transpose(1, 2)[:, None]


class ERANNsFrontEnd(nn.Module):
    """ERANNs' front end with the defaults of SPEC §2.8: samples (batch, N) to dB, (batch, 1, 128·⌈seconds⌉, 128).

    Windows of 1380 samples from the start, zeros behind the clip's end. No state.
    """

    sample_rate, n_fft, hop, mel_bands, fmin, fmax, frames_per_second = 44100, 1380, 345, 128, 30.0, 14000.0, 128

    def __init__(self):
        super().__init__()
        import librosa

        bank = librosa.filters.mel(
            sr=self.sample_rate, n_fft=self.n_fft, n_mels=self.mel_bands, fmin=self.fmin, fmax=self.fmax,
            dtype=np.float64)
        self.register_buffer("bank", torch.from_numpy(bank).float(), persistent=False)
        window = torch.hann_window(self.n_fft, periodic=True, dtype=torch.float64)
        self.register_buffer("window", window.float(), persistent=False)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        frames = self.frames_per_second * -(-waveform.shape[1] // self.sample_rate)
        length = self.hop * (frames - 1) + self.n_fft
        filled = nn.functional.pad(waveform, (0, length - waveform.shape[1]))
        windows = filled.unfold(1, self.n_fft, self.hop) * self.window
        spectrum = torch.fft.rfft(windows)  # (batch, frames, bins)
        energies = (spectrum.real.square() + spectrum.imag.square()) @ self.bank.T
        return 10 * torch.log10(energies.clamp_min(1e-10))[:, None]


class ASTFrontEnd(nn.Module):
    """AST's front end (SPEC §2.9): samples (batch, N) to (batch, 1, frames, 128), Kaldi's filter bank, normalised.

    Whole windows only; frames that are missing are raw zeros before the normalisation, later ones are cut off. No state.
    """

    sample_rate, n_fft, window_length, hop, mel_bands, fmin, fmax = 16000, 512, 400, 160, 128, 20.0, 8000.0
    mean, deviation, frame_count = -4.2677393, 2 * 4.5689974, 1024

    def __init__(self):
        super().__init__()
        bank = kaldi_mel_bank(self.mel_bands, self.n_fft, self.sample_rate, self.fmin, self.fmax)
        self.register_buffer("bank", torch.from_numpy(bank).float(), persistent=False)
        window = torch.hann_window(self.window_length, periodic=False, dtype=torch.float64)
        self.register_buffer("window", window.float(), persistent=False)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        x = waveform - waveform.mean(1, keepdim=True)
        x = x.unfold(1, self.window_length, self.hop)
        x = x - x.mean(2, keepdim=True)
        x = x - 0.97 * torch.cat([x[:, :, :1], x[:, :, :-1]], 2)
        spectrum = torch.fft.rfft(x * self.window, self.n_fft)
        energies = (spectrum.real.square() + spectrum.imag.square()) @ self.bank.T
        frames = torch.log(energies.clamp_min(1.1920929e-07))[:, : self.frame_count]
        frames = nn.functional.pad(frames, (0, 0, 0, self.frame_count - frames.shape[1]))
        return ((frames - self.mean) / self.deviation)[:, None]
