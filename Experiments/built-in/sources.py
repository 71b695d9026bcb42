"""Finds and decodes the audio of unpacked Debian packages, of ESC-10, of a SoundFont, and of espeak-ng.

Everything is brought to 32 kHz mono, in pieces of at most 10 s. Needs numpy, scipy and soundfile; files that
libsndfile cannot read go through ffmpeg.
"""

import csv
import hashlib
import io
import os
import struct
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field

import numpy as np
import soundfile
from scipy.signal import resample_poly

RATE = 32000
PIECE = 10.0  # seconds
SUFFIXES = (".wav", ".ogg", ".oga", ".opus", ".flac", ".mp3", ".au", ".aiff", ".gsm", ".sln")

# How much of each kind is drawn from: seconds of a file, files of a package.
CAPS = {
    "music": (80.0, 400),
    "speech": (10.0, 450),
    "effects": (30.0, 700),
    "engines": (20.0, 700),
}

# Sounds of the kinds that matter most are drawn more often; spoken and menu sounds less.
WANTED = ("siren police fire ambul horn honk dog bark engine motor idle gun shot rifle pistol cannon explo blast "
          "heli rotor rain wave sea ocean water wind thunder saw chain jack drill hammer mill mine build train rail "
          "truck car bus diesel child kid baby cry giggle crowd cheer rooster chicken hen cock alarm clock tick bell "
          "fan vacuum washing kettle traffic factory industr street market beach harbor tram plane airport bulldozer "
          "light commercial residential").split()
# GCompris's instruments.rcc holds a drum kit under CC Sampling Plus 1.0: too narrow a licence for our use.
NOT_FREE = ("rcc/instruments.rcc",)
MUSICAL = ("music", "theme", "tune", "ringtone", "song", "bass", "loop_", "title")
SPOKEN = ("voice", "speech", "/lang/", "announcer", "f3f", "dialog", "taunt", "/en/", "/de/", "/fr/")

# Tux Paint's spoken names and alphabets, thousands of them; FlightGear's cockpit voices.
SKIPPED = ("_desc", "/symbols/", "/mk-viii/", "/tcas/", "/flarm/")


@dataclass
class Source:
    """One recording's pieces. Nothing of a recording is on both sides of the calibration split."""

    package: str
    kind: str
    name: str
    weight: float
    pieces: list = field(default_factory=list)  # int16 arrays
    calibration: bool = False


def fraction(text):
    """A number in 0..<1 that depends on the text alone."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16) / 16.0**12


def to_rate(x, rate):
    if rate == RATE:
        return x
    g = np.gcd(int(rate), RATE)
    return resample_poly(x, RATE // g, int(rate) // g).astype(np.float32)


def cut(x, seconds):
    """Pieces of at most 10 s, spread over what was read of a recording, of at most so many seconds together."""
    step = int(PIECE * RATE)
    count = max(1, int(min(len(x), seconds * RATE)) // step)
    if len(x) <= step:
        parts = [x]
    else:
        parts = [x[int(s) : int(s) + step] for s in np.linspace(0, len(x) - step, count)]
    out = []
    for p in parts:
        loud = np.flatnonzero(np.abs(p) > 10**-3)  # silence at both ends goes
        if len(loud) == 0 or loud[-1] - loud[0] < 0.15 * RATE:
            continue
        p = p[max(0, loud[0] - 320) : loud[-1] + 640]
        peak = np.abs(p).max()
        out.append(np.round(p / peak * 32000).astype(np.int16))
    return out


def decode(data, name, seconds):
    """Pieces of an encoded file's first part, twice as long as what is taken of it.

    An empty list for one that is corrupt, silent or shorter than 0.15 s.
    """
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as f:
            if f.frames < 0.15 * f.samplerate or not 4000 <= f.samplerate <= 192000:
                return []
            x = f.read(int(2 * max(seconds, PIECE) * f.samplerate), dtype="float32", always_2d=True)
            rate = f.samplerate
    except (soundfile.LibsndfileError, RuntimeError):
        form = [] if not name.lower().endswith((".sln", ".gsm")) else (
            ["-f", "s16le", "-ar", "8000", "-ac", "1"] if name.lower().endswith(".sln") else ["-f", "gsm"])
        run = subprocess.run(["ffmpeg", "-v", "error", *form, "-i", "pipe:0", "-t", str(2 * seconds), "-f", "f32le",
                              "-ac", "1", "-ar", str(RATE), "pipe:1"], input=data, capture_output=True)
        x, rate = np.frombuffer(run.stdout, np.float32)[:, None], RATE
    if len(x) < 0.15 * rate or not np.isfinite(x).all():
        return []
    return cut(to_rate(x.mean(axis=1), rate), seconds)


# --- Containers of games ---------------------------------------------------------------------------------------


def carve_wav(data):
    """The RIFF files in any container that does not compress them (OpenTTD's .cat)."""
    at = data.find(b"RIFF")
    while at >= 0:
        if data[at + 8 : at + 12] == b"WAVE":
            size = struct.unpack_from("<I", data, at + 4)[0] + 8
            if at + size <= len(data):
                yield f"{at:09d}.wav", data[at : at + size]
        at = data.find(b"RIFF", at + 4)


def carve_ogg(data):
    """The Ogg streams in any container that does not compress them (Qt's .rcc)."""
    at = data.find(b"OggS")
    while at >= 0:
        if at + 27 > len(data):
            return
        if data[at + 5] & 2:  # a stream's first page
            end, last = at, False
            while not last and data[end : end + 4] == b"OggS" and end + 27 <= len(data):
                segments = data[end + 26]
                last = bool(data[end + 5] & 4)
                end += 27 + segments + sum(data[end + 27 : end + 27 + segments])
            if last and end <= len(data):
                yield f"{at:09d}.ogg", data[at:end]
                at = data.find(b"OggS", end)
                continue
        at = data.find(b"OggS", at + 4)


def wad_sounds(data):
    """The DS… lumps of a Doom WAD as WAV files: format 3, rate, count, 8-bit samples."""
    if data[:4] not in (b"IWAD", b"PWAD"):
        return
    count, directory = struct.unpack_from("<II", data, 4)
    for i in range(count):
        if directory + 16 * (i + 1) > len(data):
            return
        at, size, name = struct.unpack_from("<II8s", data, directory + 16 * i)
        if not name.startswith(b"DS") or size < 48 or at + size > len(data):
            continue
        form, rate, length = struct.unpack_from("<HHI", data, at)
        if form != 3 or length > size - 8:
            continue
        x = (np.frombuffer(data, np.uint8, length, at + 8)[16:-16].astype(np.float32) - 128) / 128
        out = io.BytesIO()
        soundfile.write(out, x, rate, format="WAV", subtype="PCM_16")
        yield name.rstrip(b"\0").decode("ascii", "replace") + ".wav", out.getvalue()


def files_of(folder):
    """(name, bytes) of every audio file below a folder, containers opened, in a fixed order."""
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(root, name)
            short = os.path.relpath(path, folder)
            if not os.path.isfile(path) or os.path.islink(path) or short.endswith(NOT_FREE):
                continue
            lower = name.lower()
            if lower.endswith(SUFFIXES):
                with open(path, "rb") as f:
                    yield short, f.read()
            elif lower.endswith((".pk3", ".wz", ".zip")):
                with zipfile.ZipFile(path) as z:
                    for inner in sorted(z.namelist()):
                        if inner.lower().endswith(SUFFIXES) and z.getinfo(inner).file_size < 64 << 20:
                            yield f"{short}/{inner}", z.read(inner)
            elif lower.endswith((".cat", ".rcc", ".wad")):
                with open(path, "rb") as f:
                    data = f.read()
                take = {"cat": carve_wav, "rcc": carve_ogg, "wad": wad_sounds}[lower[-3:]]
                for inner, part in take(data):
                    yield f"{short}/{inner}", part


def from_package(folder, package, kind, seed):
    """The Sources of an unpacked package."""
    seconds, limit = CAPS[kind]
    found, seen = [], set()
    for name, data in files_of(folder):
        lower = name.lower()
        if any(w in lower for w in SKIPPED):
            continue
        digest = hashlib.sha256(data).digest()
        if digest in seen or len(data) < 500:
            continue
        seen.add(digest)
        found.append((name, data))
    # A large package gives a sample, what is wanted first.
    def rank(item):
        wanted = any(w in os.path.basename(item[0]).lower() for w in WANTED)
        return (0 if wanted else 1, fraction(f"{seed}/{item[0]}"))
    out = []
    for name, data in sorted(sorted(found, key=rank)[:limit]):
        lower = name.lower()
        this = kind
        if kind != "speech" and any(w in lower for w in MUSICAL) and len(data) > 60000:
            this = "music"
        elif kind == "effects" and any(w in lower for w in SPOKEN):
            this = "speech"
        pieces = decode(data, name, CAPS[this][0])
        if pieces:
            wanted = any(w in os.path.basename(lower) for w in WANTED)
            out.append(Source(package, this, f"{package}/{name}", 4.0 if wanted and this != "music" else 1.0, pieces))
    return out


# --- SoundFont ------------------------------------------------------------------------------------------------


def from_soundfont(path, package):
    """The samples of an SF2 file, as (Source, root pitch, loop start, loop end), at 32 kHz."""
    with open(path, "rb") as f:
        data = f.read()
    if data[:4] != b"RIFF" or data[8:12] != b"sfbk":
        raise ValueError(f"{path} is no SoundFont 2")
    at, chunks = 12, {}
    while at + 8 <= len(data):
        tag, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        if tag == b"LIST":
            at += 12
            continue
        chunks[tag] = (at + 8, size)
        at += 8 + size + (size & 1)
    start, size = chunks[b"smpl"]
    samples = np.frombuffer(data, "<i2", size // 2, start)
    head, size = chunks[b"shdr"]
    out = []
    for i in range(size // 46 - 1):
        name, a, b, la, lb, rate, pitch, cents, _, form = struct.unpack_from("<20sIIIIIBbHH", data, head + 46 * i)
        if not a < b <= len(samples) or not 4000 <= rate <= 96000 or b - a < 0.1 * rate or form & 0x8000:
            continue
        x = to_rate(samples[a:b].astype(np.float32) / 32768, rate)
        label = name.split(b"\0")[0].decode("latin-1").strip()
        if label.endswith(("(R)", "-R", "_R")):
            continue
        scale = RATE / rate
        source = Source(package, "soundfont", f"{package}/{i:04d} {label}", 1.0, [x])
        out.append((source, pitch if pitch < 128 else 60, int((la - a) * scale), int((lb - a) * scale)))
    return out


# --- ESC-10 ---------------------------------------------------------------------------------------------------


def from_esc10(folder):
    """ESC-10's folds 1–4. Fold 5 is for testing: its files are never opened."""
    with open(os.path.join(folder, "esc10.csv"), newline="") as f:
        rows = [r for r in csv.DictReader(f)]
    train = [r for r in rows if r["fold"] in ("1", "2", "3", "4")]
    held = {r["filename"] for r in rows if r["fold"] == "5"}
    if len(train) + len(held) != len(rows) or not held:
        sys.exit(f"{folder}/esc10.csv must name the folds 1 to 5; without them it is not known what to keep for testing.")
    out = {}
    for r in train:
        name = r["filename"]
        if name in held or name.startswith("5-"):
            sys.exit(f"{folder}/esc10.csv has {name} in fold {r['fold']}, but it is of fold 5, which is for testing.")
        with open(os.path.join(folder, name), "rb") as f:
            pieces = decode(f.read(), name, PIECE)
        # Takes A, B, … of one Freesound recording stay together.
        recording = name.split("-")[1]
        source = out.setdefault(recording, Source("ESC-10", "esc10", f"ESC-10/{recording} {r['category']}", 1.0))
        source.pieces += pieces
    return [s for s in out.values() if s.pieces]


# --- espeak-ng ------------------------------------------------------------------------------------------------

SENTENCES = (
    "The early train to the coast was late again this morning.",
    "Could you open the window, please? It is rather warm in here.",
    "We have measured the river twice, and both numbers agree.",
    "Mind the step! The lamp above the door is broken.",
    "In the evening the children ran home across the wet meadow.",
    "Seven carpenters were carrying a long ladder through the market.",
    "Nobody knew who had left the parcel on the kitchen table.",
    "Turn left at the second crossing and follow the signs to the harbour.",
    "She laughed, put down the telephone, and went back to her work.",
    "Attention please: platform four is closed until further notice.",
    "If it rains tomorrow, the concert will be held in the town hall.",
    "He counted the apples slowly: one, two, three, four, five, six.",
)
LANGUAGES = ("en-us", "en-gb", "en-gb-scotland", "en-029", "de", "fr-fr", "es", "it", "pt", "nl", "sv", "da", "pl",
             "cs", "ru", "el", "tr", "hu", "fi", "ro", "hi", "id", "cmn", "ja", "ko", "sw", "ar", "vi")
VARIANTS = ("m1", "m2", "m3", "m4", "m5", "m6", "m7", "f1", "f2", "f3", "f4", "f5", "croak", "whisper", "klatt", "klatt4")


def espeak(root):
    """The unpacked espeak-ng: program, environment, and the folder of its data."""
    libraries = []
    for package in ("libespeak-ng1", "libpcaudio0", "libsonic0"):
        for base, _, names in os.walk(os.path.join(root, package)):
            if any(".so" in n for n in names):
                libraries.append(base)
    for base, folders, _ in os.walk(os.path.join(root, "espeak-ng-data")):
        if "espeak-ng-data" in folders and "/lib" in base:
            return (os.path.join(root, "espeak-ng/usr/bin/espeak-ng"),
                    dict(os.environ, LD_LIBRARY_PATH=":".join(sorted(libraries))), base)
    raise RuntimeError("espeak-ng-data is not unpacked: run fetch.sh")


def from_espeak(root, count, rng):
    """`count` utterances of the unpacked espeak-ng: an English sentence, or numbers, which it says in any language."""
    program, environment, data = espeak(root)
    out, failures = {}, 0
    for _ in range(count):
        language = str(rng.choice(LANGUAGES)) if rng.random() < 0.6 else "en-us"
        voice = f"{language}+{rng.choice(VARIANTS)}"
        text = " ".join(str(rng.integers(1, 3000)) for _ in range(rng.integers(4, 12)))
        if language.startswith("en"):
            text = " ".join(rng.choice(SENTENCES, rng.integers(1, 4), replace=False))
        run = subprocess.run([program, f"--path={data}", "-v", voice, "-p", str(rng.integers(20, 95)),
                              "-s", str(rng.integers(110, 230)), "--stdout", text], env=environment, capture_output=True)
        wave = run.stdout
        if run.returncode != 0 or len(wave) < 10000:
            failures += 1
            continue
        x = np.frombuffer(wave[44 : len(wave) - len(wave) % 2], "<i2").astype(np.float32) / 32768
        source = out.setdefault(voice, Source("espeak-ng", "speech", f"espeak-ng/{voice}", 1.0))
        source.pieces += cut(to_rate(x, struct.unpack_from("<I", wave, 24)[0]), PIECE)
    if failures > count // 4:
        raise RuntimeError(f"espeak-ng failed {failures} times of {count}; the last: {run.stderr.decode(errors='replace')}")
    return list(out.values())
