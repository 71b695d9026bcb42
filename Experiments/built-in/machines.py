"""Computed sounds of machines: sirens, horns, alarms, telephones, engines, tools, fans. See synth.py."""

import numpy as np
from scipy.signal import lfilter

from signals import (
    RATE, band, decay, drift, echoes, gates, harmonics, modes, noise, phase, pulses, spread_out, traffic, unit,
)

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
