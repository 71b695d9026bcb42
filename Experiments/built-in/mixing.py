"""Makes a clip of a kind: draws recordings and computed sounds, places, colours and mixes them."""

import numpy as np
from scipy.signal import fftconvolve

import signals
import synth
from signals import band, drift, unit
from sources import RATE

MACHINES = {  # of synth.py, with how often
    "engine-idle": 5, "diesel-idle": 5, "engine-revs": 3, "fan": 4, "jackhammer": 4, "drill": 3, "saw": 1,
    "helicopter": 2, "chainsaw": 1, "car-horn": 2, "hum": 1,
}


def as_float(piece):
    return piece.astype(np.float32) / 32768 if piece.dtype == np.int16 else piece


def faster(x, ratio):
    """Plays x `ratio` times as fast: pitch and tempo together."""
    if abs(ratio - 1) < 1e-3:
        return x
    return np.interp(np.arange(0, len(x) - 1, ratio), np.arange(len(x)), x).astype(np.float32)


def looped(x, n, rate):
    """Repeats x for n samples, played at a changing rate, as games do with an engine's sound."""
    fade = min(len(x) // 4, 640)
    if fade > 8:  # the end runs over into the start
        w = np.linspace(0, 1, fade)
        x = np.concatenate([x[:fade] * w + x[-fade:] * (1 - w), x[fade:-fade]])
    at = np.cumsum(np.broadcast_to(rate, n)) % len(x)
    return np.interp(at, np.arange(len(x) + 1), np.append(x, x[0]))


def placed(rng, x, n):
    """Puts a sound into n samples: cut, at a random place, or several times."""
    if len(x) >= n:
        at = rng.integers(0, len(x) - n + 1)
        return x[at : at + n]
    out = np.zeros(n, np.float32)
    many = len(x) < n // 2 and rng.random() < 0.6
    count = int(rng.integers(2, 7)) if many else 1
    even = rng.random() < 0.3
    gap = int(len(x) * rng.uniform(1.0, 1.6) + rng.uniform(0, 0.3) * RATE)
    at = int(rng.integers(0, max(1, n - len(x) if not many else n // 4)))
    for _ in range(count):
        y = faster(x, rng.uniform(0.95, 1.05)) if many and not even else x
        y = y[: n - at]
        out[at : at + len(y)] += y * rng.uniform(0.6, 1.0)
        at = at + gap if even else at + int(len(x) * rng.uniform(0.8, 1.5) + rng.exponential(0.35) * RATE)
        if at >= n - 800:
            break
    return out


def room(rng, x):
    """Reverberation: noise that dies away, darker with time."""
    seconds = rng.uniform(0.1, 1.3)
    n = int(seconds * RATE)
    ir = rng.standard_normal(n) * np.exp(-6.9 * np.arange(n) / n)
    ir = band(ir, None, rng.uniform(1500, 9000))
    ir *= 10 ** rng.uniform(-0.6, 0.1) / (np.sqrt(np.sum(ir**2)) + 1e-12)
    ir[0] += 1
    return fftconvolve(x, ir)[: len(x)]


def coloured(rng, x, strength=1.0):
    """A recording's path: room, band limits, telephone, overload. Each with some probability."""
    if rng.random() < 0.30 * strength:
        x = room(rng, x)
    if rng.random() < 0.25 * strength:
        x = band(x, None, np.exp(rng.uniform(np.log(2500), np.log(12000))))
    if rng.random() < 0.20 * strength:
        x = band(x, np.exp(rng.uniform(np.log(40), np.log(400))), None)
    if rng.random() < 0.04 * strength:
        x = band(x, 300, 3400, 4)
    if rng.random() < 0.06 * strength:
        x = np.tanh(unit(x) * rng.uniform(0.5, 2.5))
    return x


class Material:
    """All sources of one side (training or calibration), and the ways to draw a sound of a kind from them."""

    def __init__(self, everything, notes):
        self.kinds = {}
        for s in everything:
            self.kinds.setdefault(s.kind, []).append(s)
            if s.kind == "speech" and s.package != "espeak-ng":  # the teacher hears no children in espeak-ng
                self.kinds.setdefault("recorded", []).append(s)
        self.weights = {k: np.cumsum([s.weight * min(len(s.pieces), 3) for s in v]) for k, v in self.kinds.items()}
        self.notes = notes
        self.synth = {k: v[1] for k, v in synth.KINDS.items()}

    def pick(self, rng, kind):
        c = self.weights[kind]
        s = self.kinds[kind][int(np.searchsorted(c, rng.random() * c[-1], side="right"))]
        return s, as_float(s.pieces[rng.integers(len(s.pieces))])

    def sound(self, rng, kind, n):
        """(samples, label, packages used) of a kind, n samples long."""
        if kind in ("synth", "machines"):
            weights = self.synth if kind == "synth" else MACHINES
            edges = np.cumsum(np.array(list(weights.values()), float) / sum(weights.values()))
            name = list(weights)[int(np.searchsorted(edges, rng.random(), side="right"))]
            return unit(synth.KINDS[name][0](rng, n)), f"synth:{name}", ["synthetic"]
        if kind == "instruments":
            x = self.melody(rng, n)
            if x is None:
                return synth.tones(rng, n), "synth:tones", ["synthetic"]
            return x, "instruments", ["fluid-soundfont-gm"]
        if kind in ("children", "babble"):
            return self.voices(rng, n, kind == "children")
        s, x = self.pick(rng, kind)
        if kind == "engines":
            lower = s.name.lower()
            if len(x) < 6 * RATE and not any(w in lower for w in ("crash", "door", "gear_", "land_", "thud", "thunder")):
                rate = np.clip(rng.uniform(0.5, 1.1) * (1 + drift(rng, n, rng.uniform(0.2, 1), rng.choice([0.01, 0.05, 0.3]))), 0.25, 2.5)
                return looped(x, n, rate), f"{s.kind}:{s.name}", [s.package]
        elif kind == "effects" and ("loop" in s.name.lower() or "~" in s.name) and len(x) < 5 * RATE:
            return looped(x, n, 1.0), f"{s.kind}:{s.name}", [s.package]
        if kind != "esc10" and rng.random() < 0.4:
            x = faster(x, rng.uniform(0.85, 1.18))
        return placed(rng, x, n), f"{s.kind}:{s.name}", [s.package]

    def voices(self, rng, n, children):
        """Several speakers at once: a crowd, or, faster and so higher, children."""
        out, used = np.zeros(n), set()
        for _ in range(int(rng.integers(2, 9) if children else rng.integers(6, 16))):
            s, x = self.pick(rng, "recorded" if children else "speech")
            x = faster(x, rng.uniform(1.4, 1.8) if children else rng.uniform(0.85, 1.25))
            used.add(s.package)
            at = int(rng.integers(0, n))
            x = x[:n] * 10 ** rng.uniform(-0.6, 0)
            out += np.roll(np.pad(x, (0, n - len(x))), at)
        if children and rng.random() < 0.3:  # out of doors
            out = unit(out) + rng.uniform(0.1, 0.5) * unit(synth.bird(rng, n))
        if rng.random() < 0.7:
            out = room(rng, out)
        return unit(out) + 10 ** rng.uniform(-2.5, -0.9) * signals.noise(rng, n, 0.6), "children" if children else "babble", sorted(used) + ["synthetic"]

    def melody(self, rng, n):
        """A tune, chords or drumming with the SoundFont's samples; None where nothing came of it."""
        out = np.zeros(n)
        scale = np.array([0, 2, 4, 5, 7, 9, 11] if rng.random() < 0.6 else [0, 2, 3, 5, 7, 8, 10])
        key, beat = int(rng.integers(48, 66)), rng.uniform(0.16, 0.5)
        for _ in range(int(rng.integers(1, 5))):
            note, pitch, a, b = self.notes[rng.integers(len(self.notes))]
            x = note.pieces[0]
            sustained = b - a > 32 and b <= len(x)
            step = float(rng.choice([1, 1, 2, 4]))
            degree = int(rng.integers(0, 10))
            volume = 10 ** rng.uniform(-0.7, 0)
            t = rng.uniform(0, 0.5)
            while t < n / RATE:
                degree = int(np.clip(degree + rng.integers(-2, 3), 0, 13))
                length = int(step * beat * rng.choice([1, 1, 2]) * RATE)
                for third in range(3 if step >= 2 and rng.random() < 0.5 else 1):
                    d = degree + 2 * third
                    semitones = key + scale[d % 7] + 12 * (d // 7) - pitch
                    while abs(semitones) > 9:  # stay near the sample's own pitch
                        semitones -= 12 * np.sign(semitones)
                    at = np.arange(int(length * 1.2)) * 2.0 ** (semitones / 12)
                    if sustained:
                        at = np.where(at < b, at, a + (at - a) % (b - a))
                    at = at[at < len(x) - 1]
                    if len(at) < 64:
                        continue
                    y = np.interp(at, np.arange(len(x)), x)
                    y *= np.minimum(1, np.arange(len(y), 0, -1) / (0.03 * RATE)) * np.exp(-np.arange(len(y)) / (RATE * 2.0))
                    start = int(t * RATE)
                    m = min(len(y), n - start)
                    if m > 0:
                        out[start : start + m] += volume * y[:m]
                t += step * beat * rng.choice([1, 1, 1, 2])
                if rng.random() < 0.1:
                    t += beat * 2
        return unit(room(rng, out)) if out.any() else None


def clip_of(rng, material, kind, n):
    """One clip: samples, label, packages."""
    if kind in ("mix", "esc10-mix"):
        count = int(rng.choice([2, 3, 4], p=[0.6, 0.28, 0.12]))
        base = "esc10" if kind == "esc10-mix" else str(rng.choice(
            ["effects", "engines", "synth", "children", "speech", "instruments", "music"],
            p=[0.34, 0.08, 0.44, 0.06, 0.03, 0.03, 0.02]))
        x, label, used = material.sound(rng, base, n)
        x = unit(coloured(rng, x))
        labels = [label]
        for _ in range(count - 1):
            other = str(rng.choice(
                ["effects", "engines", "synth", "esc10", "babble", "children", "speech", "instruments", "music"],
                p=[0.27, 0.06, 0.34, 0.12, 0.03, 0.05, 0.05, 0.04, 0.04]))
            if other == "esc10" and kind == "mix":
                other = "synth"  # hours with ESC-10 are counted by kind
            y, label, more = material.sound(rng, other, n)
            x = x + 10 ** (-rng.uniform(-10, 20) / 20) * unit(coloured(rng, y))
            labels.append(label)
            used = used + more
        return coloured(rng, x, 0.5), "mix:" + " + ".join(labels), used
    if kind in ("vehicles", "yard"):
        return out_of_doors(rng, material, kind, n)
    if kind == "sequence":
        return sequence(rng, material, n)
    x, label, used = material.sound(rng, kind, n)
    strength = {"esc10": 0.5, "synth": 0.4}.get(kind, 0.7)
    if kind == "esc10" and rng.random() < 0.35:
        x = placed(rng, faster(x, rng.uniform(0.87, 1.15)), n)
    return coloured(rng, x, strength), label, used


def out_of_doors(rng, material, kind, n):
    """A machine, or voices, near or far, before what a street or a yard sounds like."""
    if kind == "vehicles":
        base = str(rng.choice(["engines", "machines"], p=[0.6, 0.4]))
    else:
        base = str(rng.choice(["children", "babble", "recorded"], p=[0.6, 0.2, 0.2]))
    x, label, used = material.sound(rng, base, n)
    if base == "recorded":
        x = faster(x, rng.uniform(1.2, 1.7))
        x = np.pad(x, (0, n - len(x)))
    labels = [label]
    if rng.random() < 0.35:
        other = str(rng.choice(["engines", "machines"] if kind == "vehicles" else ["children", "effects"]))
        y, label, more = material.sound(rng, other, n)
        x = unit(x) + 10 ** (-rng.uniform(0, 15) / 20) * unit(coloured(rng, y))
        labels.append(label)
        used = used + more
    if rng.random() < 0.5:  # far away: the air takes the treble, walls answer
        x = band(room(rng, x), None, np.exp(rng.uniform(np.log(1200), np.log(8000))))
    x = unit(coloured(rng, x))
    if rng.random() < 0.7:
        x = x + 10 ** (-rng.uniform(-3, 18) / 20) * unit(signals.traffic(rng, n))
        used = used + ["synthetic"]
    if rng.random() < (0.2 if kind == "vehicles" else 0.5):
        behind = str(rng.choice(["bird", "wind", "dog-bark"]))
        x = x + 10 ** (-rng.uniform(3, 20) / 20) * unit(synth.KINDS[behind][0](rng, n))
        labels.append(f"synth:{behind}")
        used = used + ["synthetic"]
    return x, f"{kind}:" + " + ".join(labels), used


def sequence(rng, material, n):
    """One sound after the other, as a long recording has them; a quiet street or nothing behind."""
    out, labels, used, at = np.zeros(n), [], [], 0
    while at < n - RATE:
        m = int(rng.uniform(1.5, 6) * RATE)
        kind = str(rng.choice(
            ["esc10", "effects", "synth", "engines", "speech", "children", "music", "instruments"],
            p=[0.22, 0.2, 0.28, 0.08, 0.08, 0.04, 0.05, 0.05]))
        x, label, more = material.sound(rng, kind, m)
        x = unit(coloured(rng, x)) * 10 ** rng.uniform(-0.6, 0)
        fade = np.minimum(1, np.minimum(np.arange(m), np.arange(m)[::-1]) / (rng.uniform(0.005, 0.2) * RATE))
        end = min(n, at + m)
        out[at:end] += (x * fade)[: end - at]
        labels.append(label)
        used += more
        at += int(m * rng.uniform(0.8, 1.2))
    if rng.random() < 0.6:
        out += 10 ** rng.uniform(-2.5, -0.7) * unit(signals.traffic(rng, n))
        used = used + ["synthetic"]
    return out, "sequence:" + " + ".join(labels), used
