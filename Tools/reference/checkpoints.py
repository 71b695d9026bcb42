"""Writes the checkpoint fixtures of EPANNsModelsTests: small real files and what PyTorch reads from them.

    python Tools/reference/checkpoints.py                       all fixtures
    python Tools/reference/checkpoints.py --real FILE.pt        the digest of a real checkpoint

Needs torch, numpy and safetensors; expected.json names the versions used. A second run gives the same tensors, but
other bytes here and there: PyTorch names legacy storages by their addresses, and zip entries carry dates.
"""

import argparse
import collections
import hashlib
import io
import json
import pathlib
import pickle
import struct
import tarfile
import zipfile

import numpy
import safetensors
import safetensors.numpy
import safetensors.torch
import torch

FOLDER = pathlib.Path(__file__).parents[2] / "Tests/EPANNsModelsTests/Fixtures/Checkpoints"
GENERATOR = {
    "script": "Tools/reference/checkpoints.py",
    "torch": torch.__version__.split("+")[0],
    "safetensors": safetensors.__version__,
    "numpy": numpy.__version__,
}
NAMES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
    torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
}


def raw(tensor):
    """The elements' bytes, row-major."""
    tensor = tensor.detach().contiguous()
    return tensor.reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


def describe(tensors):
    return {
        name: {
            "dtype": NAMES[value.dtype],
            "shape": list(value.shape),
            "strides": list(value.stride()),
            "hex": raw(value).hex(),
        }
        for name, value in tensors.items()
    }


class Network(torch.nn.Module):
    """A few layers with the names of PANNs."""

    def __init__(self):
        super().__init__()
        self.bn0 = torch.nn.BatchNorm2d(4)
        self.conv1 = torch.nn.Conv2d(1, 4, (3, 3), bias=False)
        self.fc1 = torch.nn.Linear(4, 3)
        # Transposed like melW (SPEC §3.5): the file keeps size (5, 3), stride (1, 5).
        self.melW = torch.nn.Parameter(torch.randn(3, 5).T, requires_grad=False)


def state_dict():
    torch.manual_seed(20230518)
    network = Network()
    network.bn0.num_batches_tracked += 12345678901
    return network.state_dict()


def all_types():
    generator = torch.Generator().manual_seed(7)
    values = torch.randn(2, 3, generator=generator) * 10
    tensors = {NAMES[dtype].lower(): values.to(dtype) for dtype in NAMES if dtype != torch.bool}
    tensors["bool"] = values > 0
    tensors["scalar"] = torch.tensor(2.5)
    tensors["empty"] = torch.zeros(0, 3)
    return tensors


def shared():
    base = torch.arange(24, dtype=torch.float32) / 8
    return {
        "whole": base.view(4, 6),
        "middle": base[5:11],
        "columns": base.view(4, 6)[:, 1:3],
        "transposed": base.view(2, 3, 4).permute(2, 0, 1),
        "tied": base.view(4, 6),
        "expanded": base[3:4].expand(5),
    }


def sampler():
    random_state = numpy.random.RandomState(1234)
    return {
        "indexes": random_state.permutation(50),
        "targets": random_state.rand(3, 4).astype(numpy.float32),
        "fortran": numpy.asfortranarray(random_state.rand(3, 4)),
        "names": numpy.array(["Y1.wav", "Y2.wav"]),
        "queue": list(range(300)),
        "mean": numpy.float64(0.5),
        "classes": {1, 2, 3},
        "pointer": 17,
        "big": 1 << 80,
    }


# The two writers below make what no present PyTorch writes but old files hold.


class LegacyViewPickler(pickle.Pickler):
    """Pickles tensors with the view entry that PyTorch before 0.4 wrote."""

    def __init__(self, file, views):
        super().__init__(file, protocol=2)
        self.views = views

    def persistent_id(self, object):
        return self.views.get(id(object))


class Rebuild:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def legacy_with_views():
    storage = numpy.arange(10, dtype="<f4")
    whole, part = object(), object()
    views = {
        id(whole): ("storage", torch.FloatStorage, "94", "cpu", 10, None),
        id(part): ("storage", torch.FloatStorage, "94", "cpu", 10, ("95", 4, 5)),
    }
    hooks = collections.OrderedDict()
    tensors = collections.OrderedDict(
        whole=Rebuild(torch._utils._rebuild_tensor_v2, whole, 0, (10,), (1,), False, hooks),
        part=Rebuild(torch._utils._rebuild_tensor_v2, part, 1, (2, 2), (2, 1), False, hooks),
        old=Rebuild(torch._utils._rebuild_tensor, part, 0, (3,), (1,)),
    )
    file = io.BytesIO()
    pickle.dump(0x1950A86A20F9469CFC6C, file, protocol=2)
    pickle.dump(1001, file, protocol=2)
    sizes = {"short": 2, "int": 4, "long": 4}
    pickle.dump({"protocol_version": 1001, "little_endian": True, "type_sizes": sizes}, file, protocol=2)
    LegacyViewPickler(file, views).dump(tensors)
    pickle.dump(["94"], file, protocol=2)
    file.write(struct.pack("<q", 10) + storage.tobytes())
    return file.getvalue()


def zip64(data):
    """Rewrites a stored zip archive so that every size and offset is in a zip64 record."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    out, directory = bytearray(), bytearray()
    for info in archive.infolist():
        content, name, offset = archive.read(info), info.filename.encode(), len(out)
        crc, size = info.CRC, len(content)
        out += struct.pack("<IHHHHHIIIHH", 0x04034B50, 45, 0, 0, 0, 0, crc, 0xFFFFFFFF, 0xFFFFFFFF, len(name), 20)
        out += name + struct.pack("<HHQQ", 1, 16, size, size) + content
        # An unrelated extra field first, which a reader has to step over.
        extra = struct.pack("<HHI", 0xCAFE, 4, 7) + struct.pack("<HHQQQ", 1, 24, size, size, offset)
        directory += struct.pack(
            "<IHHHHHHIIIHHHHHII", 0x02014B50, 45, 45, 0, 0, 0, 0, crc, 0xFFFFFFFF, 0xFFFFFFFF, len(name), len(extra),
            0, 0, 0, 0, 0xFFFFFFFF)
        directory += name + extra
    start, count = len(out), len(archive.infolist())
    out += directory
    end = len(out)
    out += struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, len(directory), start)
    out += struct.pack("<IIQI", 0x07064B50, 0, end, 1)
    comment = b"a comment"
    out += struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, len(comment)) + comment
    return bytes(out)


def canonical_safetensors(tensors, metadata):
    """The layout that SafetensorsWriter promises, built here a second time."""
    order = sorted(tensors, key=lambda name: (-tensors[name].element_size(), name.encode()))
    offsets, data = {}, b""
    for name in order:
        content = raw(tensors[name])
        offsets[name] = [len(data), len(data) + len(content)]
        data += content
    header = {"__metadata__": dict(sorted(metadata.items(), key=lambda pair: pair[0].encode()))}
    for name in sorted(tensors, key=lambda name: name.encode()):
        tensor = tensors[name]
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": offsets[name]}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-(8 + len(text)) % 64)
    return struct.pack("<Q", len(text)) + text + data


def save(object, **options):
    file = io.BytesIO()
    torch.save(object, file, **options)
    return file.getvalue()


class Evil:
    def __reduce__(self):
        return (print, ("code ran",))


def write_fixtures():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    weights, types = state_dict(), all_types()
    prefixed = collections.OrderedDict(("module." + name, value) for name, value in weights.items())
    parameters = {name: torch.nn.Parameter(value, False) if value.is_floating_point() else value
                  for name, value in prefixed.items()}
    training = {"iteration": 600000, "rate": 0.001, "name": "Cnn14", "done": True, "nothing": None,
                "model": weights, "sampler": sampler()}
    lightning = {"epoch": 3, "state_dict": parameters, "optimizer": {"state": {0: {"exp_avg": torch.zeros(3)}}}}
    extras = {"iteration": "600000", "rate": "0.001", "name": "Cnn14", "done": "true"}
    old = {"_use_new_zipfile_serialization": False}
    expected = {"generator": GENERATOR, "files": {}}

    def add(name, data, tensors, metadata={}, ignored=[]):
        (FOLDER / name).write_bytes(data)
        expected["files"][name] = {
            "tensors": describe(tensors), "order": list(tensors), "metadata": metadata, "ignored": ignored}

    def check(data, tensors, path=()):
        loaded = torch.load(io.BytesIO(data), weights_only=False)
        for key in path:
            loaded = loaded[key]
        assert list(loaded) == list(tensors)
        assert all(torch.equal(loaded[name], tensors[name]) for name in tensors)
        return data

    add("zip.pt", check(save(weights), weights), weights)
    add("zip64.pt", check(zip64(save(weights)), weights), weights)
    add("legacy.pth", check(save(weights, **old), weights), weights)
    nested = {"metadata": extras, "ignored": ["nothing", "sampler"]}
    add("zip_nested.pt", check(save(training), weights, ["model"]), weights, **nested)
    for protocol in (3, 4, 5):
        data = save(training, pickle_protocol=protocol)
        add(f"zip_nested_protocol{protocol}.pt", check(data, weights, ["model"]), weights, **nested)
    add("legacy_nested.pth", check(save(training, **old), weights, ["model"]), weights, **nested)
    data = save(training, pickle_protocol=4, **old)
    add("legacy_nested_protocol4.pth", check(data, weights, ["model"]), weights, **nested)
    for name, options in (("zip_module.pt", {}), ("legacy_module.pth", old)):
        data = check(save(lightning, **options), parameters, ["state_dict"])
        add(name, data, weights, {"epoch": "3"}, ["optimizer"])
    add("zip_types.pt", check(save(types), types), types)
    add("legacy_types.pth", check(save(types, **old), types), types)
    add("zip_shared.pt", check(save(shared()), shared()), shared())
    add("legacy_shared.pth", check(save(shared(), **old), shared()), shared())
    data = legacy_with_views()
    views = torch.load(io.BytesIO(data), weights_only=False)
    assert views["part"].tolist() == [[5, 6], [7, 8]]
    add("legacy_views.pth", data, views)

    metadata = {"format": "pt", "labels": "Speech\n“Dog”, \\ \t é 🎵", "": "empty key"}
    add("library.safetensors", safetensors.torch.save(types, metadata), types, metadata)
    expected["files"]["library.safetensors"]["order"] = None  # the library's own order
    data = canonical_safetensors(types, metadata)
    loaded = safetensors.torch.load(data)
    assert sorted(loaded) == sorted(types) and all(torch.equal(loaded[name], types[name]) for name in types)
    add("canonical.safetensors", data, types, metadata)
    expected["files"]["canonical.safetensors"]["order"] = sorted(
        types, key=lambda name: (-types[name].element_size(), name.encode()))

    # What has to be refused, with a word of the message.
    refused = {}

    def refuse(name, data, code, word):
        (FOLDER / name).write_bytes(data)
        refused[name] = {"code": code, "word": word}

    refuse("evil_zip.pt", save({"model": weights, "evil": Evil()}), "invalidCheckpoint", "print")
    refuse("evil_legacy.pth", save({"evil": Evil()}, **old), "invalidCheckpoint", "print")
    refuse("whole_model.pt", save(torch.nn.Linear(2, 2)), "invalidCheckpoint", "Linear")
    refuse("no_tensors.pt", save({"iteration": 5}), "unsupportedFormat", "no tensors")
    refuse("complex.pt", save({"a": torch.zeros(2, dtype=torch.complex64)}), "unsupportedFormat", "Complex")
    refuse("sparse.pt", save({"a": torch.eye(2).to_sparse()}), "unsupportedFormat", "sparse")
    refuse("bare_pickle.pkl", pickle.dumps({"a": [1.0, 2.0]}, protocol=2), "unsupportedFormat", "pickle")
    file = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), file)
    refuse("torchscript.pt", file.getvalue(), "unsupportedFormat", "TorchScript")
    source = zipfile.ZipFile(io.BytesIO(save({"a": torch.zeros(100)})))
    for name, method in (("compressed.pt", zipfile.ZIP_DEFLATED), ("big_endian.pt", zipfile.ZIP_STORED)):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive:
            for info in source.infolist():
                content = source.read(info)
                if info.filename.endswith("byteorder") and name == "big_endian.pt":
                    content = b"big"
                archive.writestr(info.filename, content)
        refuse(name, file.getvalue(), "unsupportedFormat", "compressed" if "comp" in name else "big-endian")
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for member in ("sys_info", "pickle", "tensors", "storages"):
            archive.addfile(tarfile.TarInfo(member))
    refuse("tar.pth", file.getvalue()[:2048], "unsupportedFormat", "tar archive")
    data = safetensors.numpy.save({"a": numpy.zeros(3, numpy.float32)}).replace(b'"F32"', b'"U32"')
    refuse("unknown_type.safetensors", data, "unsupportedFormat", "U32")

    expected["refused"] = refused
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


def write_real(path):
    data = pathlib.Path(path).read_bytes()
    tensors = torch.load(io.BytesIO(data), weights_only=True)
    digest = {
        "generator": GENERATOR,
        "file": pathlib.Path(path).name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "md5": hashlib.md5(data).hexdigest(),
        "tensors": [[name, NAMES[value.dtype], list(value.shape), hashlib.sha256(raw(value)).hexdigest()[:32]]
                    for name, value in tensors.items()],
    }
    lines = json.dumps(digest).replace(' [["', '\n[["').replace('], ["', '],\n["')
    (FOLDER.parent / "RealCheckpoint.json").write_text(lines + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", metavar="FILE", help="write the digest of this checkpoint instead")
    arguments = parser.parse_args()
    write_real(arguments.real) if arguments.real else write_fixtures()
