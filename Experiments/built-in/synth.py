"""Sounds that are computed: sirens, engines, tools, alarms, weather, noise, animals' calls.

Every function takes (rng, n) and gives n samples at 32 kHz; the level does not matter, the caller sets it.
Needs numpy and scipy. Kinds in which the teacher never heard what they are meant to be were left out.
"""

import numpy as np
from scipy.signal import lfilter

from machines import (
    alarm, car_horn, chainsaw, diesel_idle, drill, engine_idle, engine_revs, fan, helicopter, jackhammer,
    saw, siren_civil, siren_hi_lo, siren_wail, siren_yelp, telephone,
)
from signals import RATE, band, decay, drift, echoes, gates, harmonics, noise, phase, pulses, spread_out, unit

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
