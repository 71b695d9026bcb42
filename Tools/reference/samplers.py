"""Writes the fixtures of Tests/EPANNsTrainingTests that come from NumPy and h5py.

Needs numpy and h5py (the versions used are written to `samplers.json`).

    python Tools/reference/samplers.py [--output Tests/EPANNsTestSupport/Fixtures]

`samplers.json`: draws of `numpy.random.RandomState`, and clip indices of PANNs' three samplers as the specification
describes them, on a small random data set. `pack.h5`, `pack_index.h5`: a pack and an index as PANNs writes them
(SPEC §5.1), five clips of 0.1 s, one row empty; `not_a_pack.h5`: HDF5 with other contents; `wrong_*.h5`:
packs and indexes that are sound HDF5 but not what PANNs' are, for the tests that they are refused.
"""

import argparse
import json
import pathlib

import h5py
import numpy as np

SEED = 1234


def draws():
    def of(method, *arguments, count=12):
        state = np.random.RandomState(SEED)
        return [float(getattr(state, method)(*arguments)) for _ in range(count)]

    state = np.random.RandomState(SEED)
    words = [int(w) for w in state.randint(0, 2**32, size=1300, dtype=np.uint64)]
    shuffled = {}
    for count in (1, 2, 3, 64, 527, 1000):
        state = np.random.RandomState(SEED)
        values = np.arange(count)
        state.shuffle(values)
        shuffled[str(count)] = [values.tolist(), state.permutation(count).tolist()]
    return {
        "words": words[:4] + words[-4:],
        "word_count": len(words),
        "uniform": of("random_sample"),
        "normal": of("standard_normal"),
        "exponential": of("standard_exponential"),
        "gamma": {str(a): of("standard_gamma", a) for a in (0.3, 1.0, 2.5)},
        "beta": {str(a): of("beta", a, a) for a in (0.2, 1.0, 4.0)},
        "shuffle": shuffled,
    }


class Plain:
    """SPEC §5.2, `none`."""

    def __init__(self, targets, black):
        self.random = np.random.RandomState(SEED)
        self.indexes = np.arange(len(targets))
        self.random.shuffle(self.indexes)
        self.pointer, self.black = 0, black

    def batch(self, size):
        out = []
        while len(out) < size:
            index = int(self.indexes[self.pointer])
            self.pointer += 1
            if self.pointer >= len(self.indexes):
                self.pointer = 0
                self.random.shuffle(self.indexes)
            if index not in self.black:
                out.append(index)
        return out


class Balanced:
    """SPEC §5.2, `balanced`."""

    def __init__(self, targets, black):
        self.random = np.random.RandomState(SEED)
        self.lists = [np.where(targets[:, k])[0] for k in range(targets.shape[1])]
        for members in self.lists:
            self.random.shuffle(members)
        self.queue, self.pointers, self.black = [], [0] * len(self.lists), black

    def batch(self, size):
        out = []
        while len(out) < size:
            if not self.queue:
                classes = list(range(len(self.lists)))
                self.random.shuffle(classes)
                self.queue += classes
            k = self.queue.pop(0)
            if len(self.lists[k]) == 0:  # the reference fails here
                continue
            index = int(self.lists[k][self.pointers[k]])
            self.pointers[k] += 1
            if self.pointers[k] >= len(self.lists[k]):
                self.pointers[k] = 0
                self.random.shuffle(self.lists[k])
            if index not in self.black:
                out.append(index)
        return out


class Alternate:
    """SPEC §5.2, `alternate`."""

    def __init__(self, targets, black):
        self.parts, self.count = [Balanced(targets, black), Plain(targets, black)], 0

    def batch(self, size):
        self.count += 1
        return self.parts[(self.count - 1) % 2].batch(size)


def samplers():
    targets = np.random.RandomState(5).random_sample((37, 9)) < 0.2
    targets[:, 4] = False
    cases = []
    for name, black in (("", []), ("black list", [3, 8, 21])):
        for kind, make in (("none", Plain), ("balanced", Balanced), ("alternate", Alternate)):
            sampler = make(targets, set(black))
            cases.append({"kind": kind, "black_list": black, "batches": [sampler.batch(6) for _ in range(40)]})
    return {"classes": [np.where(row)[0].tolist() for row in targets], "class_count": 9, "cases": cases}


def packs(folder):
    random = np.random.RandomState(7)
    count, samples = 5, 3200
    waveform = random.randint(-20000, 20000, size=(count, samples)).astype(np.int16)
    waveform[3] = 0
    target = np.zeros((count, 527), dtype=bool)
    for row, classes in enumerate([[0], [1, 72], [526], [], [0, 137]]):
        target[row, classes] = True
    names = [b"Y-aaaaaaaaaa.wav", b"Ybbbbbbbbbbb.wav", b"Yccccccccccc.wav", b"", b"Yeeeeeeeeeee.wav"]
    with h5py.File(folder / "pack.h5", "w") as file:
        file.create_dataset("audio_name", data=np.array(names, dtype="S20"))
        file.create_dataset("waveform", data=waveform, dtype=np.int16)
        file.create_dataset("target", data=target, dtype=bool)
        file.attrs.create("sample_rate", data=32000, dtype=np.int32)
    order = [4, 0, 3]
    with h5py.File(folder / "pack_index.h5", "w") as file:
        file.create_dataset("audio_name", data=np.array([names[i] for i in order], dtype="S20"))
        file.create_dataset("target", data=target[order], dtype=bool)
        file.create_dataset("hdf5_path", data=np.array([b"/elsewhere/hdf5s/waveforms/pack.h5"] * 3, dtype="S200"))
        file.create_dataset("index_in_hdf5", data=np.array(order, dtype=np.int32))
    with h5py.File(folder / "not_a_pack.h5", "w") as file:
        file.create_dataset("x", data=np.arange(3))
    return {"samples": [[int(v) for v in row[:8]] for row in waveform], "index": order}


def wrong_packs(folder):
    def write(name, **changes):
        contents = {
            "audio_name": np.array([b"Ya.wav", b"Yb.wav"], dtype="S20"),
            "waveform": np.zeros((2, 32), dtype=np.int16),
            "target": np.zeros((2, 527), dtype=bool),
        }
        rate = changes.pop("sample_rate", np.int32(32000))
        contents.update(changes)
        with h5py.File(folder / f"wrong_{name}.h5", "w") as file:
            for key, value in contents.items():
                if value is not None:
                    kind = h5py.string_dtype() if value.dtype == object else value.dtype
                    file.create_dataset(key, data=value, dtype=kind)
            if rate is not None:
                file.attrs["sample_rate"] = rate

    write("rate", sample_rate=np.int32(16000))
    write("no_rate", sample_rate=None)
    write("text_rate", sample_rate="32000")
    write("many_rates", sample_rate=np.full(1000, 32000, dtype=np.int32))
    write("float_waveform", waveform=np.zeros((2, 32), dtype=np.float32))
    write("flat_waveform", waveform=np.zeros(64, dtype=np.int16))
    write("deep_waveform", waveform=np.zeros((2, 4, 8), dtype=np.int16))
    write("few_waveforms", waveform=np.zeros((1, 32), dtype=np.int16))
    write("no_waveform", waveform=None)
    write("few_targets", target=np.zeros((1, 527), dtype=bool))
    write("narrow_targets", target=np.zeros((2, 10), dtype=bool))
    write("wide_target_type", target=np.zeros((2, 527), dtype=np.int64))
    write("long_names", audio_name=np.array(["Ya.wav", "Yb.wav"], dtype=object))
    write("names_not_utf8", audio_name=np.array([b"Y\xff\xfe.wav", b"Yb.wav"], dtype="S20"))
    write("no_rows", audio_name=np.zeros(0, dtype="S20"), target=np.zeros((0, 527), dtype=bool),
          waveform=np.zeros((0, 32), dtype=np.int16))
    paths = np.array([b"pack.h5"] * 2, dtype="S200")
    write("high_index", waveform=None, hdf5_path=paths, index_in_hdf5=np.array([0, 5], dtype=np.int32))
    write("negative_index", waveform=None, hdf5_path=paths, index_in_hdf5=np.array([-1, 0], dtype=np.int32))
    write("few_indexes", waveform=None, hdf5_path=paths, index_in_hdf5=np.array([0], dtype=np.int32))
    write("empty_path", waveform=None, hdf5_path=np.array([b"", b""], dtype="S200"),
          index_in_hdf5=np.array([0, 1], dtype=np.int32))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("Tests/EPANNsTestSupport/Fixtures"))
    folder = parser.parse_args().output
    result = {
        "generator": "Tools/reference/samplers.py",
        "numpy": np.__version__,
        "h5py": h5py.__version__,
        "draws": draws(),
        "samplers": samplers(),
        "pack": packs(folder),
    }
    wrong_packs(folder)
    (folder / "samplers.json").write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
