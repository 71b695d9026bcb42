"""What computed sounds are built of: noises, pulses, resonances, curves; 32 kHz mono. Needs numpy and scipy."""

import numpy as np
from scipy.signal import butter, fftconvolve, sosfilt

RATE = 32000


def band(x, low=None, high=None, order=2):
    """Butterworth high-pass at `low` and low-pass at `high`, in Hz; None leaves that side open."""
    if low and high:
        return sosfilt(butter(order, [low, min(high, 15500)], "band", fs=RATE, output="sos"), x)
    if low:
        return sosfilt(butter(order, low, "high", fs=RATE, output="sos"), x)
    if high and high < 15500:
        return sosfilt(butter(order, high, "low", fs=RATE, output="sos"), x)
    return x


def noise(rng, n, slope=0.0):
    """Noise whose amplitude falls with f^-slope: 0 white, 0.5 pink, 1 brown."""
    m = 1 << (n - 1).bit_length()
    s = rng.standard_normal(m // 2 + 1) + 1j * rng.standard_normal(m // 2 + 1)
    f = np.arange(m // 2 + 1) / m * RATE
    s *= np.maximum(f, 20.0) ** -slope
    x = np.fft.irfft(s, m)[:n]
    return x / (x.std() + 1e-12)


def drift(rng, n, hertz, depth=1.0):
    """A smooth random curve about 0 with standard deviation `depth`, changing about `hertz` times a second."""
    k = max(4, int(n / RATE * hertz) + 4)
    points = rng.standard_normal(k) * depth
    t = np.linspace(0, k - 1.001, n)
    i = t.astype(int)
    f = t - i
    f = f * f * (3 - 2 * f)
    return points[i] * (1 - f) + points[np.minimum(i + 1, k - 1)] * f


def phase(hertz, n):
    """Phase in radians of a tone with a constant or changing frequency."""
    return 2 * np.pi * np.cumsum(np.broadcast_to(hertz, n)) / RATE


def harmonics(ph, amplitudes):
    """Sum of sines at multiples of a phase (Chebyshev recurrence: one sine and one cosine in all)."""
    c2 = 2 * np.cos(ph)
    s0, s1 = np.zeros_like(ph), np.sin(ph)
    out = amplitudes[0] * s1
    for a in amplitudes[1:]:
        s0, s1 = s1, c2 * s1 - s0
        out += a * s1
    return out


def decay(rng, seconds, low=None, high=None):
    """Band-limited noise that dies away: an impact's or an exhaust's response."""
    n = max(8, int(seconds * 5 * RATE))
    x = rng.standard_normal(n) * np.exp(-np.arange(n) / (seconds * RATE))
    return band(x, low, high)


def modes(rng, seconds, low, high, count):
    """A struck body: decaying sines at random frequencies."""
    n = int(seconds * 5 * RATE)
    t = np.arange(n) / RATE
    out = np.zeros(n)
    for f in np.exp(rng.uniform(np.log(low), np.log(high), count)):
        out += rng.uniform(0.2, 1) * np.sin(2 * np.pi * f * t) * np.exp(-t / (seconds * rng.uniform(0.3, 1.2)))
    return out


def pulses(rng, n, rate, jitter=0.02, spread=0.1, cycle=1):
    """Unit pulses at `rate` per second (constant or a curve), uneven in time and height.

    Heights repeat with period `cycle`, as the cylinders of an engine differ.
    """
    ph = np.cumsum(np.broadcast_to(rate, n)) / RATE + rng.random()
    ph = ph + drift(rng, n, 30, jitter)
    at = np.flatnonzero(np.diff(np.floor(ph)) > 0)
    out = np.zeros(n)
    heights = 1 + spread * rng.standard_normal(max(1, cycle))
    out[at] = heights[np.arange(len(at)) % len(heights)] * (1 + 0.5 * spread * rng.standard_normal(len(at)))
    return out


def spread_out(x, ir):
    return fftconvolve(x, ir)[: len(x)]


def unit(x):
    return x / (np.sqrt(np.mean(x * x)) + 1e-12)


def gates(rng, n, on, off):
    """A 0/1 curve with soft edges: on for on() seconds, off for off() seconds."""
    out = np.zeros(n)
    i = int(rng.uniform(0, 0.5) * RATE)
    while i < n:
        j = i + int(on() * RATE)
        out[i:j] = 1
        i = j + int(off() * RATE)
    edge = np.hanning(161)
    return fftconvolve(out, edge / edge.sum(), "same")


def echoes(rng, x, seconds, wet, colour=4000):
    """A reverberant tail with a few distinct echoes, as out of doors."""
    n = int(seconds * RATE)
    ir = rng.standard_normal(n) * np.exp(-np.arange(n) / (n / 5.0))
    ir = band(ir, None, colour)
    ir /= np.sqrt(np.sum(ir**2)) + 1e-12
    ir *= wet
    for _ in range(rng.integers(1, 5)):
        ir[rng.integers(n // 20, n // 2)] += wet * rng.uniform(0.1, 0.5)
    ir[0] += 1
    return spread_out(x, ir)


def traffic(rng, n):
    return band(noise(rng, n, rng.uniform(0.6, 1.0)), 40, rng.uniform(800, 3000)) * (1 + 0.4 * drift(rng, n, 0.5))
