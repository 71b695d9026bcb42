"""The leanest tagger one can write in Python: soundfile, numpy and ONNX Runtime. Prints the five best classes.

One of the processes that `peers.py --startup` measures. It needs neither PyTorch nor librosa: the log-mel is a
numpy FFT and the stored mel bank.
"""

from __future__ import annotations

import argparse

import numpy as np
import onnxruntime
import soundfile

N_FFT, HOP, RATE = 1024, 320, 32000


def log_mel(samples: np.ndarray, mel_bank: np.ndarray) -> np.ndarray:
    padded = np.pad(samples, N_FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP]
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)).astype(np.float32)
    spectrum = np.fft.rfft(frames * window, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    return 10 * np.log10(np.maximum(power @ mel_bank, 1e-10))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="ONNX file, log-mel to scores")
    parser.add_argument("front_end", help="npz with mel_bank (bins, mels)")
    parser.add_argument("wave")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    samples, rate = soundfile.read(arguments.wave, dtype="float32")
    if rate != RATE or samples.ndim != 1:
        raise SystemExit(f"{arguments.wave}: wants {RATE} Hz mono")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = arguments.threads, 1
    session = onnxruntime.InferenceSession(arguments.model, options, providers=["CPUExecutionProvider"])
    features = log_mel(samples, np.load(arguments.front_end)["mel_bank"])
    (scores,) = session.run(None, {"log_mel": features[None, None].astype(np.float32)})
    for index in np.argsort(scores[0])[::-1][:5]:
        print(index, round(float(scores[0, index]), 4))


if __name__ == "__main__":
    main()
