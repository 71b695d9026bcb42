"""Sounds that are computed: sirens, engines, tools, alarms, weather, noise, animals' calls.

Every function takes (rng, n) and gives n samples at 32 kHz; the level does not matter, the caller sets it.
Needs numpy and scipy. What the teacher made of each kind decided what stayed (see README.md).
"""

import numpy as np
from scipy.signal import butter, fftconvolve, lfilter, sosfilt

RATE = 32000


# --- Building blocks ------------------------------------------------------------------------------------------


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


# --- Sirens, horns, alarms ------------------------------------------------------------------------------------


def _siren(rng, n, f):
    shift = 1 + rng.uniform(0, 0.05) * np.tanh(drift(rng, n, 0.15, 1.5))  # passing by
    ph = phase(f * shift, n)
    count = rng.integers(4, 14)
    x = harmonics(ph, rng.uniform(0.3, 1, count) / np.arange(1, count + 1) ** rng.uniform(0.5, 1.5))
    x = band(np.tanh(x * rng.uniform(0.5, 3)), rng.uniform(250, 500), rng.uniform(2500, 7000))
    x *= np.exp(0.5 * drift(rng, n, 0.3))
    x = echoes(rng, x, rng.uniform(0.3, 2.0), rng.uniform(0.1, 0.7))
    return unit(x) + 10 ** rng.uniform(-1.8, -0.3) * unit(traffic(rng, n))


def siren_wail(rng, n):
    t = np.arange(n) / RATE
    period = rng.uniform(2.5, 7)
    low, high = rng.uniform(350, 750), rng.uniform(1000, 1700)
    saw = (t / period + rng.random()) % 1
    rise = rng.uniform(0.3, 0.7)
    curve = np.where(saw < rise, saw / rise, (1 - saw) / (1 - rise))
    return _siren(rng, n, low + (high - low) * curve ** rng.uniform(0.6, 1.2))


def siren_yelp(rng, n):
    t = np.arange(n) / RATE
    curve = (t * rng.uniform(2.2, 4.5) + rng.random()) % 1
    if rng.random() < 0.5:
        curve = 1 - np.abs(2 * curve - 1)
    low, high = rng.uniform(500, 800), rng.uniform(1200, 1800)
    if rng.random() < 0.4:  # wail, then yelp
        wail = siren_wail(rng, n // 2)
        return np.concatenate([unit(wail), unit(_siren(rng, n - n // 2, (low + (high - low) * curve)[n // 2 :]))])
    return _siren(rng, n, low + (high - low) * curve)


def siren_hi_lo(rng, n):
    t = np.arange(n) / RATE
    low = rng.uniform(380, 700)
    step = (t * rng.uniform(0.8, 2.2) + rng.random()) % 1 < 0.5
    return _siren(rng, n, np.where(step, low, low * rng.choice([1.25, 1.335, 1.5])))


def siren_civil(rng, n):
    high = rng.uniform(380, 900)
    t = np.arange(n) / RATE
    curve = 0.5 - 0.5 * np.cos(2 * np.pi * (t / rng.uniform(6, 14) + rng.random()))
    return _siren(rng, n, high * (0.55 + 0.45 * curve))


def car_horn(rng, n):
    low = rng.uniform(330, 430)
    ratio = rng.choice([1.19, 1.25, 1.26, 1.335])
    x = np.zeros(n)
    for f in [low, low * ratio][: 1 + (rng.random() < 0.85)]:
        ph = phase(f * (1 + drift(rng, n, 6, 0.002)), n)
        k = np.arange(1, int(9000 / f) + 1)
        body = np.exp(-(((k * f - rng.uniform(1800, 3000)) / 1200) ** 2)) + rng.uniform(0.2, 0.8) / k**0.7
        x += np.tanh(unit(harmonics(ph, body * rng.uniform(0.5, 1.2, len(k)))) * rng.uniform(0.5, 2.5))
    x = band(x, 300, rng.uniform(4000, 9000))
    long = rng.random() < 0.4
    gate = gates(rng, n, lambda: rng.uniform(0.6, 2.5) if long else rng.uniform(0.12, 0.45),
                 lambda: rng.uniform(0.08, 0.3) if rng.random() < 0.5 else rng.uniform(0.5, 2))
    x = echoes(rng, x * gate, rng.uniform(0.4, 1.5), rng.uniform(0.2, 0.8), 3000)
    return unit(x) + 10 ** rng.uniform(-1.2, -0.2) * unit(traffic(rng, n))


def alarm(rng, n):
    t = np.arange(n) / RATE
    f = rng.uniform(700, 3500)
    kind = rng.integers(4)
    if kind == 0:  # reversing beeps, smoke alarm
        x = np.sin(phase(f, n)) * gates(rng, n, lambda c=rng.uniform(0.08, 0.6): c, lambda c=rng.uniform(0.08, 0.8): c)
    elif kind == 1:  # two tones
        x = np.sin(phase(np.where((t * rng.uniform(1, 6)) % 1 < 0.5, f, f * rng.uniform(1.1, 1.6)), n))
    elif kind == 2:  # warbling
        x = np.sin(phase(f * (1 + 0.2 * np.sin(2 * np.pi * rng.uniform(3, 20) * t)), n))
    else:  # bell of an alarm clock
        x = spread_out(pulses(rng, n, rng.uniform(12, 28), 0.02, 0.3), modes(rng, 0.2, 1500, 7000, 8))
    return np.tanh(unit(x) * rng.uniform(0.3, 3))


def telephone_bell(rng, n):
    gate = gates(rng, n, lambda: 2.0, lambda: rng.uniform(1, 3))
    return spread_out(pulses(rng, n, rng.uniform(18, 28), 0.02, 0.2) * gate, modes(rng, 0.15, 900, 5000, 7))


def telephone(rng, n):
    kind = rng.integers(4)
    if kind == 0:
        return telephone_bell(rng, n)
    if kind == 1:  # DTMF
        rows, columns = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
        out = np.zeros(n)
        i, length, gap = 0, int(rng.uniform(0.07, 0.25) * RATE), int(rng.uniform(0.04, 0.3) * RATE)
        while i + length < n:
            t = np.arange(length) / RATE
            out[i : i + length] = np.sin(2 * np.pi * rng.choice(rows) * t) + np.sin(2 * np.pi * rng.choice(columns) * t)
            i += length + gap
        return out
    if kind == 2:  # ringing and engaged tones
        pair = [(440, 480), (425, 425), (480, 620), (350, 440)][rng.integers(4)]
        on, off = [(2, 4), (1, 4), (0.5, 0.5), (9, 0.1)][rng.integers(4)]
        x = np.sin(phase(pair[0], n)) + np.sin(phase(pair[1], n))
        return x * gates(rng, n, lambda: on, lambda: off) + 0.01 * noise(rng, n)
    a, b = rng.uniform(600, 1500), rng.uniform(1.1, 1.5)  # an electronic ring
    t = np.arange(n) / RATE
    x = np.sign(np.sin(phase(np.where((t * rng.uniform(10, 20)) % 1 < 0.5, a, a * b), n)))
    return band(x, 300, 7000) * gates(rng, n, lambda: rng.uniform(0.5, 1.5), lambda: rng.uniform(0.3, 2))


# --- Engines, vehicles, machines ------------------------------------------------------------------------------


def engine(rng, n, rpm=None, load=None):
    """Firing pulses of unlike cylinders through an exhaust, with mechanical noise."""
    cylinders = int(rng.choice([1, 2, 3, 4, 4, 4, 6, 6, 8]))
    base = rng.uniform(600, 1000) if rpm is None else rpm
    rpm = base * (1 + drift(rng, n, 2, 0.012)) if load is None else load
    rate = np.maximum(rpm, 200) / 60 * cylinders / 2
    p = pulses(rng, n, rate, 0.03, rng.uniform(0.1, 0.6), cylinders)
    exhaust = decay(rng, rng.uniform(0.004, 0.03), None, rng.uniform(120, 500))
    x = unit(spread_out(p, exhaust))
    x += rng.uniform(0.3, 0.9) * unit(spread_out(np.abs(p) + 0.02, decay(rng, 0.003, 500, 6000)))
    clatter = pulses(rng, n, rate * rng.choice([0.5, 1, 2]), 0.05, 0.4)
    x += rng.uniform(0.2, 0.7) * unit(spread_out(clatter, decay(rng, 0.002, 1500, rng.uniform(3500, 7000))))
    x += rng.uniform(0.05, 0.3) * unit(band(noise(rng, n, 0.5), 100, 5000) * (1 + 0.5 * np.sin(phase(rate, n))))
    return unit(x) + rng.uniform(0.02, 0.2) * unit(traffic(rng, n))


def engine_idle(rng, n):
    return engine(rng, n)


def diesel_idle(rng, n):
    rate = rng.uniform(500, 800) / 60 * rng.choice([2, 2, 3, 4]) * (1 + drift(rng, n, 2, 0.01))
    p = pulses(rng, n, rate, 0.03, rng.uniform(0.2, 0.5), int(rng.choice([2, 4, 6])))
    x = unit(spread_out(p, decay(rng, rng.uniform(0.01, 0.03), 30, rng.uniform(120, 400))))
    x += rng.uniform(0.3, 0.9) * unit(spread_out(p, decay(rng, rng.uniform(0.003, 0.008), 700, rng.uniform(3000, 7000))))
    x += rng.uniform(0.1, 0.3) * unit(noise(rng, n, 0.6))
    return x


def engine_revs(rng, n):
    curve = np.abs(drift(rng, n, rng.uniform(0.3, 1.2), 1.0))
    return engine(rng, n, load=rng.uniform(800, 1200) + rng.uniform(1500, 4500) * np.clip(curve, 0, 1.6))


def chainsaw(rng, n):
    curve = np.clip(0.7 + 0.6 * drift(rng, n, rng.uniform(0.3, 1.5)), 0.25, 1.2)
    rate = rng.uniform(90, 170) * curve
    p = pulses(rng, n, rate, 0.05, 0.3)
    x = unit(spread_out(p, decay(rng, rng.uniform(0.001, 0.004), 150, rng.uniform(4000, 9000))))
    x += rng.uniform(0.2, 0.6) * unit(spread_out(p, modes(rng, 0.004, 200, 1500, 4)))
    x += rng.uniform(0.2, 0.7) * unit(band(noise(rng, n, 0.3), 800, 9000) * (0.4 + np.abs(np.sin(phase(rate / 2, n)))))
    return np.tanh(x * rng.uniform(0.5, 2)) * (0.5 + curve)


def drill(rng, n):
    """An electric drill: bursts of noise at the motor's rate, a whine that bends under load, grinding."""
    on = gates(rng, n, lambda: rng.uniform(0.8, 5), lambda: rng.uniform(0.1, 1.0))
    spin = lfilter([1 - 0.9997], [1, -0.9997], on) + 1e-3
    f = rng.uniform(90, 400) * np.clip(spin, 0.02, 1) * (1 + drift(rng, n, 4, 0.03))
    p = pulses(rng, n, f, 0.08, 0.4, int(rng.integers(1, 5)))
    x = unit(spread_out(p, decay(rng, rng.uniform(0.001, 0.004), rng.uniform(400, 1200), rng.uniform(5000, 12000))) * spin)
    count = rng.integers(12, 40)
    x += rng.uniform(0.1, 0.5) * unit(harmonics(phase(f * rng.choice([1, 2, 5]), n), rng.uniform(0.1, 1, count) / np.sqrt(np.arange(1, count + 1))) * spin)
    x += rng.uniform(0.5, 1.5) * unit(band(noise(rng, n, 0.2), 700, rng.uniform(6000, 14000)) * spin * (1 + 0.5 * drift(rng, n, 25)))
    if rng.random() < 0.4:  # a hammer drill in masonry
        x += rng.uniform(0.7, 2) * unit(spread_out(pulses(rng, n, rng.uniform(30, 60) * spin, 0.03, 0.3),
                                                   decay(rng, 0.004, 400, 9000)) * on)
    return echoes(rng, x, rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8), 7000)


def jackhammer(rng, n):
    on = gates(rng, n, lambda: rng.uniform(1.5, 6), lambda: rng.uniform(0.2, 1.2))
    rate = rng.uniform(9, 20)
    p = pulses(rng, n, rate * (1 + drift(rng, n, 1, 0.02)), 0.03, 0.2) * on
    blow = unit(decay(rng, rng.uniform(0.003, 0.014), 60, rng.uniform(5000, 13000)))
    x = spread_out(p, blow)
    x += rng.uniform(0.1, 0.5) * spread_out(p, unit(modes(rng, rng.uniform(0.005, 0.02), 300, 4000, 14)))
    x = unit(x) + rng.uniform(0.3, 0.8) * unit(band(noise(rng, n, 0.5), 80, 9000) * (0.3 + on) * (1 + 0.5 * np.sin(phase(rate, n))))
    x += rng.uniform(0.1, 0.5) * unit(diesel_idle(rng, n))
    return echoes(rng, np.tanh(x * rng.uniform(0.2, 0.7)), rng.uniform(0.3, 1.5), rng.uniform(0.2, 0.8))


def saw(rng, n):
    """A circular saw or a grinder: a steady scream that falls when it bites."""
    bite = np.clip(drift(rng, n, 0.8), 0, 1)
    f = rng.uniform(300, 1100) * (1 - 0.25 * bite)
    x = unit(harmonics(phase(f, n), rng.uniform(0.2, 1, 10)))
    return x + rng.uniform(0.5, 2.5) * unit(band(noise(rng, n), 2000, 14000) * (0.2 + bite))


def helicopter(rng, n):
    rate = rng.uniform(9, 26)
    turn = phase(rate * (1 + drift(rng, n, 0.5, 0.01)), n)
    chop = 0.15 + np.maximum(0, np.sin(turn)) ** rng.uniform(2, 6) * (1 + 0.2 * np.sin(turn / 3))
    x = unit(band(noise(rng, n, 0.7), 40, rng.uniform(1000, 5000)) * chop)
    x += rng.uniform(0.1, 0.5) * unit(band(noise(rng, n, 0.5), 30, 200) * chop**2)
    x += rng.uniform(0.2, 0.6) * unit(band(noise(rng, n, 0.5), 200, rng.uniform(3000, 9000)))
    x += rng.uniform(0.0, 0.15) * unit(harmonics(phase(rng.uniform(300, 1500), n), [1, 0.4, 0.2]))
    return band(x * np.exp(0.6 * drift(rng, n, 0.15)), None, rng.uniform(1500, 12000))


def fan(rng, n):
    """An air conditioner or a ventilator: broad noise, a mains hum, blades."""
    x = unit(band(noise(rng, n, rng.uniform(0.3, 1.0)), rng.uniform(30, 80), rng.uniform(800, 5000)))
    blades = rng.uniform(25, 150)
    x *= 1 + rng.uniform(0.02, 0.3) * np.sin(phase(blades * (1 + drift(rng, n, 0.5, 0.003)), n))
    mains = rng.choice([50, 60]) * rng.choice([1, 2])
    hum = harmonics(phase(mains, n), rng.uniform(0, 1, 12) / np.arange(1, 13) ** 0.7)
    x += rng.uniform(0.1, 1.2) * unit(hum)
    x += rng.uniform(0.02, 0.5) * unit(harmonics(phase(blades * 3, n), [1, 0.6, 0.3, 0.2]))
    if rng.random() < 0.4:  # a rattle
        x += rng.uniform(0.05, 0.3) * unit(spread_out(pulses(rng, n, blades / 3, 0.1, 0.5), decay(rng, 0.004, 1000, 6000)))
    return x


# --- Shots, blows, ticks --------------------------------------------------------------------------------------


def _shot(rng, size=1.0):
    n = int(0.9 * RATE)
    t = np.arange(n) / RATE
    crack = band(rng.standard_normal(n), rng.uniform(40, 150), None) * np.exp(-t / rng.uniform(0.012, 0.06))
    body = band(rng.standard_normal(n), None, rng.uniform(1200, 5000)) * np.exp(-t / (size * rng.uniform(0.03, 0.09)))
    boom = band(rng.standard_normal(n), None, rng.uniform(150, 400), 1) * np.exp(-t / (size * rng.uniform(0.08, 0.2)))
    tail = band(rng.standard_normal(n), 80, rng.uniform(1000, 3000)) * np.exp(-t / (size * rng.uniform(0.12, 0.35)))
    x = unit(crack) + rng.uniform(0.3, 0.9) * unit(body) + rng.uniform(0.2, 1.0) * unit(boom) + rng.uniform(0.1, 0.4) * unit(tail)
    x = np.tanh(x / np.abs(x).max() * rng.uniform(3, 10))
    return x / (np.abs(x).max() + 1e-9)


def gun_shot(rng, n):
    x = np.zeros(n)
    base = _shot(rng)
    i = int(rng.uniform(0.05, 0.6) * RATE)
    for _ in range(rng.integers(1, 7)):
        if i >= n:
            break
        shot = base if rng.random() < 0.7 else _shot(rng)
        m = min(len(shot), n - i)
        x[i : i + m] += shot[:m] * rng.uniform(0.6, 1)
        i += int(rng.uniform(0.18, 1.6) * RATE)
    return echoes(rng, x, rng.uniform(0.4, 2.5), rng.uniform(0.15, 0.8), rng.uniform(2500, 9000)) + 10 ** rng.uniform(-3.5, -1.8) * noise(rng, n, 0.5)


def machine_gun(rng, n):
    gate = gates(rng, n, lambda: rng.uniform(0.3, 2), lambda: rng.uniform(0.2, 1.2)) > 0.5
    p = pulses(rng, n, rng.uniform(7, 16), 0.01, 0.15) * gate
    x = spread_out(p, _shot(rng)[: int(0.25 * RATE)])
    return echoes(rng, x, rng.uniform(0.3, 2), rng.uniform(0.1, 0.6), rng.uniform(1000, 5000)) + 10 ** rng.uniform(-4, -2) * noise(rng, n, 0.5)


def explosion(rng, n):
    x = np.zeros(n)
    for _ in range(rng.integers(1, 4)):
        at = rng.integers(0, max(1, n - RATE))
        m = min(n - at, int(rng.uniform(1, 4) * RATE))
        t = np.arange(m) / RATE
        blast = band(rng.standard_normal(m), None, rng.uniform(150, 800), 1) * np.exp(-t / rng.uniform(0.15, 0.8))
        x[at : at + m] += np.tanh(4 * blast) * rng.uniform(0.4, 1)
    return echoes(rng, x, rng.uniform(1, 2.5), rng.uniform(0.3, 1), 800)


def fireworks(rng, n):
    x = np.zeros(n)
    for _ in range(rng.integers(2, 7)):
        at = rng.integers(0, n)
        shot = _shot(rng, 2)[: n - at]
        x[at : at + len(shot)] += shot
        if rng.random() < 0.5:
            m = min(n - at, RATE)
            sparks = (rng.random(m) < 0.002) * rng.random(m) * np.exp(-np.arange(m) / (0.4 * RATE))
            x[at : at + m] += 0.5 * sparks
    return echoes(rng, x, rng.uniform(1, 2.5), rng.uniform(0.3, 0.9), 3000)


def clock_tick(rng, n):
    rate = float(rng.choice([1, 2, 2, 3, 4, 5])) * rng.uniform(0.97, 1.03)
    def click():
        x = decay(rng, rng.uniform(0.0008, 0.004), rng.uniform(700, 2500), rng.uniform(6000, 15000))
        echo = np.roll(x, int(rng.uniform(0.003, 0.012) * RATE)) * rng.uniform(0.1, 0.8)
        return unit(x + echo)
    one = pulses(rng, n, rate / 2, 0.0, 0.05)
    x = spread_out(one, click()) + rng.uniform(0.5, 1) * spread_out(np.roll(one, int(RATE / rate * rng.uniform(0.9, 1.1))), click())
    x = unit(echoes(rng, x, rng.uniform(0.04, 0.2), rng.uniform(0.02, 0.3), 9000))
    return x + 10 ** rng.uniform(-1.7, -0.5) * unit(noise(rng, n, rng.uniform(0.2, 0.9)))


def bells(rng, n):
    x = np.zeros(n)
    ratios = np.array([0.5, 1, 1.19, 1.5, 2, 2.51, 2.66, 3.01, 4.1])
    f = rng.uniform(200, 1500)
    t = np.arange(n) / RATE
    for _ in range(rng.integers(1, 8)):
        at = rng.integers(0, n)
        m = n - at
        for r in ratios:
            x[at:] += rng.uniform(0.2, 1) * np.sin(2 * np.pi * f * r * t[:m]) * np.exp(-t[:m] * r / rng.uniform(0.5, 3))
    return x


# --- Weather, water, fire -------------------------------------------------------------------------------------


def rain(rng, n):
    drops = np.zeros(n)
    count = int(n / RATE * 10 ** rng.uniform(2, 3.6))
    drops[rng.integers(0, n, count)] = rng.exponential(1, count) * rng.choice([-1, 1], count)
    x = unit(spread_out(drops, decay(rng, rng.uniform(0.0002, 0.001), rng.uniform(300, 1000), rng.uniform(4000, 10000))))
    x += rng.uniform(0.6, 2.0) * unit(band(noise(rng, n, rng.uniform(0.1, 0.5)), rng.uniform(100, 600), rng.uniform(4000, 9000)))
    splash = np.zeros(n)
    few = int(n / RATE * rng.uniform(2, 25))
    splash[rng.integers(0, n, few)] = rng.exponential(1, few)
    x += rng.uniform(0.1, 0.6) * unit(spread_out(splash, decay(rng, rng.uniform(0.001, 0.004), 600, 6000)))
    if rng.random() < 0.2:
        x += rng.uniform(0.3, 1) * unit(thunder(rng, n))
    return x * (1 + 0.1 * drift(rng, n, 0.5))


def thunder(rng, n):
    env = np.zeros(n)
    for _ in range(rng.integers(2, 9)):
        at = rng.integers(0, max(1, n // 2))
        env[at:] += rng.uniform(0.2, 1) * np.exp(-np.arange(n - at) / (RATE * rng.uniform(0.2, 2)))
    x = band(noise(rng, n, 0.9), 25, rng.uniform(150, 900)) * env
    return x * (1 + 0.5 * drift(rng, n, 12))


def sea(rng, n):
    t = np.arange(n) / RATE
    x = np.zeros(n)
    for _ in range(rng.integers(2, 4)):
        swell = (0.5 + 0.5 * np.sin(2 * np.pi * (t / rng.uniform(4, 11) + rng.random()))) ** rng.uniform(1.5, 4)
        low = band(noise(rng, n, rng.uniform(0.5, 0.9)), 60, rng.uniform(800, 2500))
        hiss = band(noise(rng, n, 0.2), 1200, rng.uniform(7000, 14000))
        x += unit(low) * (0.25 + swell) + rng.uniform(0.2, 0.7) * unit(hiss) * swell**1.5
    return x


def stream(rng, n):
    x = 0.3 * unit(band(noise(rng, n, 0.5), 300, 6000))
    t = np.arange(int(0.03 * RATE)) / RATE
    for _ in range(int(n / RATE * rng.uniform(15, 60))):  # bubbles: short rising tones
        at = rng.integers(0, n - len(t))
        f = rng.uniform(400, 2500)
        x[at : at + len(t)] += rng.exponential(0.5) * np.sin(2 * np.pi * (f + f * 6 * t) * t) * np.exp(-t / 0.008)
    return x


def fire(rng, n):
    x = rng.uniform(0.2, 1.2) * unit(band(noise(rng, n, 0.8), 30, 1500) * (1 + 0.4 * drift(rng, n, 6)))
    for size, rate in ((0.001, rng.uniform(10, 80)), (0.004, rng.uniform(2, 12))):
        k = np.zeros(n)
        count = int(n / RATE * rate)
        k[rng.integers(0, n, count)] = rng.exponential(1, count) ** 1.5
        x += spread_out(k, decay(rng, size, rng.uniform(300, 1500), rng.uniform(5000, 15000)))
    return x + rng.uniform(0.1, 0.4) * unit(band(noise(rng, n), 3000, 12000))


def wind(rng, n):
    x = np.zeros(n)
    for low, high in ((30, 150), (100, 500), (300, 1500), (800, 4000)):
        x += rng.uniform(0.3, 1) * (100 / low) ** 0.5 * unit(band(noise(rng, n, 0.5), low, high)) * np.exp(0.8 * drift(rng, n, 0.6))
    return x


# --- Voices of animals and people -----------------------------------------------------------------------------


def _formants(x, centres, widths):
    out = np.zeros_like(x)
    for f, w in zip(centres, widths):
        r = np.exp(-np.pi * w / RATE)
        out += lfilter([1 - r], [1, -2 * r * np.cos(2 * np.pi * f / RATE), r * r], x)
    return out


def dog_bark(rng, n):
    x = np.zeros(n)
    size = rng.uniform(0.7, 1.5)
    i = int(rng.uniform(0, 0.5) * RATE)
    while i < n - 1000:
        m = min(n - i, int(rng.uniform(0.09, 0.22) * RATE))
        u = np.linspace(0, 1, m)
        f0 = rng.uniform(350, 700) / size * (0.7 + 0.6 * np.sin(np.pi * u ** 0.7))
        source = harmonics(phase(f0 * (1 + drift(rng, m, 90, 0.06)), m), 1 / np.arange(1, 25) ** 0.6)
        source += 0.8 * rng.standard_normal(m)
        bark = _formants(source, np.array([700, 1300, 2600]) / size**0.5 * rng.uniform(0.9, 1.1, 3), [150, 250, 400])
        x[i : i + m] += np.tanh(2 * unit(bark)) * np.minimum(u * 15, 1) * (1 - u) ** 0.8
        i += int(rng.uniform(0.25, 0.5) * RATE) if rng.random() < 0.75 else int(rng.uniform(0.6, 1.8) * RATE)
    return echoes(rng, x, rng.uniform(0.2, 1.2), rng.uniform(0.1, 0.5)) + 10 ** rng.uniform(-3.5, -2) * noise(rng, n, 0.5)


def baby_cry(rng, n):
    x = np.zeros(n)
    pitch = rng.uniform(290, 430)
    i = int(rng.uniform(0, 0.4) * RATE)
    while i < n - 4000:
        m = min(n - i, int(rng.uniform(0.5, 1.4) * RATE))
        u = np.linspace(0, 1, m)
        f0 = pitch * (0.85 + 0.35 * np.sin(np.pi * u ** 0.6)) * (1 + drift(rng, m, 12, 0.012))
        source = harmonics(phase(f0, m), 1 / np.arange(1, 22) ** 0.4) + rng.uniform(0.1, 0.6) * rng.standard_normal(m)
        cry = _formants(source, np.array([1100, 1700, 3400, 5200]) * rng.uniform(0.93, 1.07), [180, 220, 350, 500])
        x[i : i + m] += unit(cry) * np.minimum(u * 8, 1) * np.minimum((1 - u) * 6, 1)
        i += m + int(rng.uniform(0.12, 0.5) * RATE)
    return echoes(rng, x, rng.uniform(0.2, 0.7), rng.uniform(0.05, 0.4), 8000) + 10 ** rng.uniform(-3, -1.7) * noise(rng, n, 0.5)


def bird(rng, n):
    x = np.zeros(n)
    i = int(rng.uniform(0, 0.5) * RATE)
    while i < n - 4000:
        f, bend, m = rng.uniform(2200, 6500), rng.uniform(-0.4, 0.4), int(rng.uniform(0.04, 0.25) * RATE)
        for _ in range(rng.integers(1, 7)):
            if i + m >= n:
                break
            u = np.linspace(0, 1, m)
            x[i : i + m] += np.sin(phase(f * (1 + bend * u + 0.05 * np.sin(2 * np.pi * rng.uniform(1, 8) * u)), m)) * np.hanning(m)
            i += m + int(rng.uniform(0.02, 0.1) * RATE)
        i += int(rng.uniform(0.2, 1.5) * RATE)
    return echoes(rng, x, rng.uniform(0.3, 1.2), rng.uniform(0.05, 0.4), 9000) + 10 ** rng.uniform(-3, -1.5) * noise(rng, n, 0.5)


def insects(rng, n):
    f = rng.uniform(2500, 7000)
    t = np.arange(n) / RATE
    x = np.sin(phase(f * (1 + drift(rng, n, 1, 0.003)), n)) * (np.sin(2 * np.pi * rng.uniform(15, 60) * t) > 0)
    return x * gates(rng, n, lambda: rng.uniform(0.1, 2), lambda: rng.uniform(0.1, 0.8)) + 0.1 * noise(rng, n, 0.5)


# --- Tones and noise ------------------------------------------------------------------------------------------


def tones(rng, n):
    kind = rng.integers(4)
    if kind == 0:
        return np.sin(phase(np.exp(rng.uniform(np.log(60), np.log(10000))), n)) * np.exp(0.2 * drift(rng, n, 0.5))
    if kind == 1:
        f = np.exp(rng.uniform(np.log(100), np.log(1000)))
        x = harmonics(phase(f, n), 1 / np.arange(1, int(min(40, 12000 / f)) + 1))
        return x * gates(rng, n, lambda: rng.uniform(0.2, 3), lambda: rng.uniform(0.05, 1))
    if kind == 2:
        return alarm(rng, n)
    root = rng.uniform(110, 440)
    return sum(harmonics(phase(root * 2 ** (k / 12), n), 1 / np.arange(1, 9) ** 1.5) for k in rng.choice([0, 3, 4, 7, 10, 12], 3, replace=False))


def sweep(rng, n):
    a, b = np.exp(rng.uniform(np.log(80), np.log(9000), 2))
    t = (np.arange(n) / RATE * rng.uniform(0.1, 4)) % 1
    return np.sin(phase(a * (b / a) ** t, n))


def plain_noise(rng, n):
    x = noise(rng, n, rng.choice([0, 0, 0.5, 0.5, 1.0]))
    if rng.random() < 0.5:
        low = np.exp(rng.uniform(np.log(50), np.log(4000)))
        x = band(x, low, low * rng.uniform(1.5, 6))
    return x * np.exp(rng.uniform(0, 0.4) * drift(rng, n, 2))


def hum(rng, n):
    f = rng.choice([50, 60, 100, 120])
    x = unit(harmonics(phase(f, n), rng.uniform(0, 1, 20) / np.arange(1, 21) ** rng.uniform(0.3, 1.5)))
    return x + rng.uniform(0.01, 0.5) * unit(noise(rng, n, 0.5))


# kind: (function, weight). The weights lean towards what is rare in the packages and in ESC-10.
KINDS = {
    "siren-wail": (siren_wail, 4), "siren-yelp": (siren_yelp, 4), "siren-hi-lo": (siren_hi_lo, 3),
    "siren-civil": (siren_civil, 2), "car-horn": (car_horn, 6),
    "alarm": (alarm, 2), "telephone": (telephone, 2),
    "engine-idle": (engine_idle, 5), "diesel-idle": (diesel_idle, 5), "engine-revs": (engine_revs, 3),
    "chainsaw": (chainsaw, 2), "drill": (drill, 5), "jackhammer": (jackhammer, 6), "saw": (saw, 2),
    "helicopter": (helicopter, 3), "fan": (fan, 4),
    "gun-shot": (gun_shot, 6), "machine-gun": (machine_gun, 4),
    "explosion": (explosion, 2), "fireworks": (fireworks, 2),
    "clock-tick": (clock_tick, 3), "bells": (bells, 1),
    "rain": (rain, 3), "thunder": (thunder, 1), "sea": (sea, 3), "stream": (stream, 1), "fire": (fire, 3),
    "wind": (wind, 2), "dog-bark": (dog_bark, 3), "baby-cry": (baby_cry, 3), "bird": (bird, 1),
    "insects": (insects, 0.5), "tones": (tones, 2), "sweep": (sweep, 1),
    "plain-noise": (plain_noise, 3), "hum": (hum, 1),
}
