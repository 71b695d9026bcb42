"""Writes the small networks of the Swift parity tests: weights, inputs and exact outputs, a safetensors file each.

A file <name>.safetensors holds `weights/<state-dict key>` (without the front end's three tensors), and for
n = 0, 1, … `input<n>` (batch, 1, time, mel) with `outputs<n>/logits`, `outputs<n>/clipwise_output` (sigmoid) and
`outputs<n>/embedding`. The metadata holds `configuration` (JSON), `generator`, `torch` and `seed`. For networks that
hear the waveform, `waveform<n>` (batch, samples) lies beside the log-mel or in its place. Inputs are
log-mels in dB for the PANNs family and the normalised log-mel for mn, time before mel for both. Outputs are
computed in float64. Run without arguments, it rewrites the fixtures in the repository; the same seed and the same
torch version give the same files.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

import networks
from front_ends import FrontEnd
from random_weights import FRONT_END_PREFIXES, evaluate_exactly, fit_scores, log_mel_like, randomise

GENERATOR = "Tools/reference/make_fixtures.py"
REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT_OUTPUT = REPOSITORY / "Tests" / "EPANNsRuntimeTests" / "Fixtures"
LARGEST_FILE = 420_000  # bytes; fixtures live in the repository for ever

# Architecture, widths (or multiplier), embedding, classes, mel bands, [(batch, frames)…], seed. The first clip of
# each is as short as the network takes, the second has odd lengths at every pool.
PANNS = {
    "cnn6": ("cnn6", (4, 7, 9, 12), 16, 20, 64, [(2, 16), (2, 101), (1, 64)], 601),
    "cnn10": ("cnn10", (4, 5, 8, 7, 12, 11, 16, 17), 16, 20, 64, [(2, 16), (2, 101), (1, 64)], 1001),
    # Multiples of 16: what Winograd's and bfloat16 kernels need.
    "cnn10-wide": ("cnn10", (16, 16, 32, 32, 32, 32, 48, 48), 32, 20, 64, [(2, 16), (2, 101), (1, 64)], 1002),
    "cnn14": ("cnn14", (4, 4, 6, 6, 8, 8, 10, 10, 12, 12, 14, 14), 16, 20, 64, [(2, 32), (2, 101), (1, 64)], 1401),
    # Odd widths around the block sizes of SIMD kernels (8, 16, 32).
    "pruned": ("cnn14", (3, 5, 7, 17, 33, 15, 9, 1, 16, 31, 8, 19), 13, 11, 64, [(2, 32), (2, 101), (1, 64)], 1402),
    "cnn14-mel32": ("cnn14", (4, 4, 6, 6, 8, 8, 10, 10, 12, 12, 14, 14), 16, 20, 32,
                    [(2, 32), (2, 101), (1, 64)], 1403),
    "cnn14-mel128": ("cnn14", (4, 4, 6, 6, 8, 8, 10, 10, 12, 12, 14, 14), 16, 20, 128,
                     [(2, 32), (1, 101), (2, 64)], 1404),
}
# Narrow networks round many channel numbers up to 8, so that expansions vanish where expanded = in. At 0.05 that
# leaves a squeeze-excitation without an expansion before it; at 0.1 every kind of block occurs.
MN = {
    "mn005": (0.05, 10, [(2, 1), (2, 33), (1, 101)], 5),
    "mn010": (0.1, 10, [(2, 16), (1, 33)], 10),
}
# Variant, all published widths times this (odd numbers come of it), width of the last block and the embedding, classes,
# [(batch, frames)…], seed. Fifty random layers may amplify roundings: of sixty seeds for ResNet54 this one loses least,
# 1e-6 of the embedding in PyTorch's own float32, where others lose up to 5e-5.
RESNETS = {
    "resnet38": ("resnet38", 1 / 40, 51, 11, [(2, 32), (2, 101), (1, 64)], 3801),
    "resnet54": ("resnet54", 1 / 22, 20, 11, [(2, 32), (1, 67)], 5452),
}
# Pooling, classes, [(batch, frames)…], seed; widths and embedding are cnn14's above.
DECISIONS = {
    f"cnn14-decision-level-{pooling}": (pooling, 11, [(2, 32), (2, 101), (1, 64)], seed)
    for pooling, seed in (("max", 401), ("avg", 402), ("att", 403))}
# All published widths times this, classes, [(batch, frames)…], seed: ones that amplify roundings little, by 4e-6 and
# 6e-6 of the embedding, where others do by up to 7e-5.
MOBILENETS = {
    "mobilenet-v1": (1 / 9, 11, [(2, 32), (2, 101), (1, 64)], 56),
    "mobilenet-v2": (1 / 8, 11, [(2, 32), (2, 101), (1, 64)], 201),
}
# Whether it hears the spectrogram, all published widths times this, classes, mel bands, [(batch, samples)…], seed. The
# first clips are as short as the network takes, the second leave samples over at every step.
WAVEGRAMS = {
    "wavegram-cnn14": (False, 1 / 45, 11, 64, [(2, 10236), (1, 13111)], 301),
    "wavegram-logmel-cnn14": (True, 1 / 50, 11, 64, [(2, 10236), (1, 13111)], 302),
    "wavegram-logmel128-cnn14": (True, 1 / 55, 11, 128, [(1, 10236), (1, 13111)], 303),
}


def panns_configuration(network, architecture: str, classes: int, **numbers) -> dict:
    """What the configurations of all of PANNs' networks have in common, in the JSON form of our own files."""
    front_end = network.front_end
    return {
        "architecture": architecture, **numbers, "embeddingWidth": network.fc1.out_features, "classCount": classes,
        "outputActivation": "sigmoid",
        "frontEnd": {
            "kind": "panns", "sampleRate": front_end.sample_rate, "fftSize": front_end.n_fft,
            "windowSize": front_end.n_fft, "hopSize": front_end.hop, "melBands": front_end.mel_bands,
            "minimumFrequencyHz": int(front_end.fmin), "maximumFrequencyHz": int(front_end.fmax)}}


# s_m, (output width, inner widths) of the stages, embedding, classes, what the specification leaves open,
# [(batch, frames)…], seed. Odd widths; the second one has the other reading of every unsure point.
ERANNS = {
    "erann": (1, [(5, [3, 6, 5, 7]), (7, [9, 4, 5, 6]), (6, [7, 5, 3, 4]), (9, [5, 8, 6, 7]), (11, [7, 6, 9, 5])], 13, 11,
              {}, [(2, 32), (1, 100)], 9016),
    "erann-other": (2, [(4, [3, 5, 2, 4]), (6, [5, 3, 4, 6]), (5, [6, 4, 3, 2]), (7, [4, 5, 3, 6]), (9, [5, 4, 6, 3])], 9,
                    11, {"input_norm": "channel", "normalises_shortcuts": True, "pooling": "mel-then-time"},
                    [(2, 64), (1, 96)], 9025),
}


# Step of the patches, width, (heads, hidden width) of the blocks, width of a head, classes, mel bands, frames, batches, seed.
# The second one has more than 128 tokens, so that queries come in blocks, and sums long enough for bfloat16.
ASTS = {
    "ast": (10, 24, [(3, 40), (2, 24)], 6, 11, 32, 48, (2, 1), 9459),
    "ast-wide": (4, 64, [(4, 256)], 16, 11, 32, 134, (1,), 9460),
}


def ast_case(name):
    stride, width, blocks, head_width, classes, mels, frames, batches, seed = ASTS[name]
    network = networks.ASTNetwork(stride, width, blocks, head_width, classes, mels, frames)

    def normalised(batch, seed):  # from dB to AST's scale
        return (log_mel_like(batch, frames, mels, seed) / 4.342944819 + 4.2677393) / (2 * 4.5689974)

    randomise(network, normalised(8, seed), seed)
    configuration = ast_configuration(stride, width, blocks, head_width, classes, mels, frames)
    return network, configuration, [normalised(b, seed + n) for n, b in enumerate(batches, 1)], seed


def ast_configuration(stride, width, blocks, head_width, classes, mels, frames) -> dict:
    """An AST's configuration in the JSON form of our own files."""
    return {
        "architecture": "ast", "stride": [stride, stride], "width": width, "headWidth": head_width,
        "blocks": [{"heads": heads, "hiddenWidth": hidden} for heads, hidden in blocks], "normEpsilon": 1e-6,
        "headEpsilon": 1e-5, "classCount": classes, "outputActivation": "sigmoid",
        "frontEnd": {
            "recipe": {
                "framing": "whole", "window": "symmetric", "preEmphasis": {"frame": {"coefficient": 0.97}},
                "offsetRemoval": {"ofClip": True, "ofFrames": True}, "melBank": "kaldi",
                "logarithm": {"naturalAbove": {"floor": 1.1920929e-07}},
                "normalisation": {"mean": -4.2677393, "deviation": 9.1379948},
                "frames": {"fixed": {"count": frames, "padding": 0}}, "isPartOfStateDict": False},
            "sampleRate": 16000, "fftSize": 512, "windowSize": 400, "hopSize": 160, "melBands": mels,
            "minimumFrequencyHz": 20, "maximumFrequencyHz": 8000}}


def erann_case(name):
    fourfold, stages, embedding, classes, options, inputs, seed = ERANNS[name]
    network = networks.ERANNNetwork(fourfold, stages, embedding, classes, **options)
    randomise(network, log_mel_like(8, 64, 128, seed), seed)
    configuration = erann_configuration(network, fourfold, stages, embedding, classes)
    return network, configuration, [log_mel_like(b, t, 128, seed + n) for n, (b, t) in enumerate(inputs, 1)], seed


def erann_configuration(network, fourfold: int, stages, embedding: int, classes: int) -> dict:
    """An ERANN's configuration in the JSON form of our own files."""
    return {
        "architecture": "erann", "fourfoldStages": fourfold,
        "stages": [{"outputWidth": width, "innerWidths": inner} for width, inner in stages],
        "embeddingWidth": embedding, "inputNorm": network.input_norm, "pooling": network.pooling,
        "normalisesShortcuts": network.stage0[0].shortcut_bn is not None, "classCount": classes,
        "outputActivation": "sigmoid",
        "frontEnd": {
            "kind": "eranns", "sampleRate": 44100, "fftSize": 1380, "windowSize": 1380, "hopSize": 345, "melBands": 128,
            "minimumFrequencyHz": 30, "maximumFrequencyHz": 14000}}


def resnet_configuration(network, variant: str, classes: int) -> dict:
    """A ResNet's configuration in the JSON form of our own files."""
    layers = [getattr(network.resnet, f"layer{n}") for n in range(1, 5)]

    def widths(block):
        return [getattr(block, f"conv{n}").out_channels for n in range(1, block.depth + 1)]

    return panns_configuration(
        network, variant, classes, stemWidths=[network.conv_block1.conv1.out_channels] * 2,
        layers=[
            {"outputWidth": widths(layer[0])[-1], "innerWidths": [widths(block)[:-1] for block in layer]}
            for layer in layers],
        lastWidths=[network.conv_block_after1.conv1.out_channels] * 2)


def decision_level(pooling: str, widths, embedding: int, classes: int):
    """A CNN14 that decides for stretches, and its configuration."""
    network = networks.DecisionLevelNetwork(pooling, widths, embedding, classes)
    return network, panns_configuration(network, f"cnn14-decision-level-{pooling}", classes, widths=list(widths))


def decision_level_case(name):
    pooling, classes, inputs, seed = DECISIONS[name]
    network, configuration = decision_level(pooling, PANNS["cnn14"][1], 16, classes)
    randomise(network, log_mel_like(8, 128, 64, seed), seed)
    return network, configuration, [log_mel_like(b, t, 64, seed + n) for n, (b, t) in enumerate(inputs, 1)], seed


def mobilenet(architecture: str, scale: float, classes: int):
    """One of PANNs' MobileNets and its configuration."""
    if architecture == "mobilenet-v1":
        network = networks.MobileNetV1Network(scale, classes)
        first, *blocks = network.features
        return network, panns_configuration(
            network, architecture, classes, stemWidth=first[0].out_channels,
            blockWidths=[block[4].out_channels for block in blocks])
    network = networks.MobileNetV2Network(scale, classes)
    first, *blocks, last = network.features
    convolutions = [[m for m in block.conv if isinstance(m, torch.nn.Conv2d)] for block in blocks]
    return network, panns_configuration(
        network, architecture, classes, stemWidth=first[0].out_channels,
        expandedWidths=[own[0].out_channels for own in convolutions[1:]],
        outputWidths=[own[-1].out_channels for own in convolutions], lastWidth=last[0].out_channels)


def mobilenet_case(name):
    scale, classes, inputs, seed = MOBILENETS[name]
    network, configuration = mobilenet(name, scale, classes)
    randomise(network, log_mel_like(8, 128, 64, seed), seed)
    return network, configuration, [log_mel_like(b, t, 64, seed + n) for n, (b, t) in enumerate(inputs, 1)], seed


def resnet_case(name):
    variant, scale, last, classes, inputs, seed = RESNETS[name]
    network = networks.resnet(variant, scale, classes, last=last)
    randomise(network, log_mel_like(8, 128, 64, seed), seed)
    configuration = resnet_configuration(network, variant, classes)
    return network, configuration, [log_mel_like(b, t, 64, seed + n) for n, (b, t) in enumerate(inputs, 1)], seed


def wavegram(architecture: str, scale: float, classes: int, mels: int = 64):
    """One of PANNs' Wavegram networks and its configuration."""
    hears_log_mel = "logmel" in architecture
    network = networks.WavegramNetwork(hears_log_mel, scale, classes, FrontEnd(mel_bands=mels))

    def widths(prefix, blocks):
        names = [f"{prefix}{b}.conv{n}" for b in blocks for n in (1, 2)]
        return [network.get_submodule(name).out_channels for name in names]

    return network, panns_configuration(
        network, "wavegram-logmel-cnn14" if hears_log_mel else architecture, classes,
        waveWidths=[network.pre_conv0.out_channels] + widths("pre_block", (1, 2, 3)),
        mapWidths=widths("pre_block", (4,)), stemWidths=widths("conv_block", (1,)),
        blockWidths=widths("conv_block", range(2, 7)))


def wave_like(batch: int, samples: int, seed: int) -> torch.Tensor:
    """Made-up waveforms, (batch, samples): noise that comes and goes, and a tone, in −1…1."""
    source = torch.Generator().manual_seed(seed)
    time = torch.linspace(0, 1, samples)
    r = torch.rand(batch, 4, 1, generator=source)
    noise = torch.randn(batch, samples, generator=source) * torch.exp(-((time - r[:, 0]) / 0.3) ** 2)
    tone = torch.sin(2 * torch.pi * time * (20 + 2000 * r[:, 1]))
    return (0.2 * r[:, 2] * noise + 0.3 * r[:, 3] * tone).clamp(-1, 1)


def wavegram_inputs(network, batch: int, samples: int, seed: int) -> tuple[torch.Tensor, ...]:
    """What the network hears of made-up clips; log-mels of their own, which need not be the waveforms'."""
    waveform = wave_like(batch, samples, seed)
    if not network.hears_log_mel:
        return (waveform,)
    front_end = network.front_end
    return log_mel_like(batch, samples // front_end.hop + 1, front_end.mel_bands, seed), waveform


def wavegram_case(name):
    hears_log_mel, scale, classes, mels, inputs, seed = WAVEGRAMS[name]
    network, configuration = wavegram(name, scale, classes, mels)
    randomise(network, wavegram_inputs(network, 8, 25600, seed), seed)
    return network, configuration, [
        wavegram_inputs(network, b, samples, seed + n) for n, (b, samples) in enumerate(inputs, 1)], seed


def panns_case(name):
    architecture, widths, embedding, classes, mels, inputs, seed = PANNS[name]
    factory = {"cnn6": networks.cnn6, "cnn10": networks.cnn10, "cnn14": networks.cnn14}[architecture]
    network = factory(widths, embedding, classes, FrontEnd(mel_bands=mels))
    configuration = {
        "architecture": architecture, "widths": list(widths), "embedding_width": embedding,
        "class_count": classes, "mel_bands": mels}
    randomise(network, log_mel_like(8, 128, mels, seed), seed)
    return network, configuration, [log_mel_like(b, t, mels, seed + n) for n, (b, t) in enumerate(inputs, 1)], seed


def mn_case(name):
    multiplier, classes, inputs, seed = MN[name]
    network = networks.mn(multiplier, classes)
    configuration = {
        "architecture": "mn", "width_multiplier": multiplier, "class_count": classes, "mel_bands": 128}

    def normalised(batch, frames, seed):  # from dB to (ln + 4.5) / 5, EfficientAT's scale
        return (log_mel_like(batch, frames, 128, seed) / 4.342944819 + 4.5) / 5

    randomise(network, normalised(8, 128, seed), seed)
    return network, configuration, [normalised(b, t, seed + n) for n, (b, t) in enumerate(inputs, 1)], seed


def write(name: str, folder: Path) -> None:
    network, configuration, inputs, seed = CASES[name](name)
    fit_scores(network, inputs)
    tensors = {
        f"weights/{key}": value.contiguous() for key, value in network.state_dict().items()
        if not key.startswith(FRONT_END_PREFIXES)}
    scores = []
    for n, x in enumerate(inputs):
        parts = tuple(part.float().contiguous() for part in (x if isinstance(x, tuple) else (x,)))
        for part in parts:
            tensors[f"waveform{n}" if part.dim() == 2 else f"input{n}"] = part
        outputs = evaluate_exactly(network, parts if isinstance(x, tuple) else parts[0])
        for key, value in outputs.items():
            if not torch.isfinite(value).all():
                raise SystemExit(f"{name}: {key} of input {n} is not finite")
            tensors[f"outputs{n}/{key}"] = value
        scores.append(outputs["clipwise_output"].flatten())
    metadata = {
        "configuration": json.dumps(configuration), "generator": GENERATOR, "torch": torch.__version__,
        "seed": str(seed)}
    path = folder / f"{name}.safetensors"
    save_file(tensors, path, metadata=metadata)
    order_metadata(path)
    path.chmod(0o644)
    size = path.stat().st_size
    everything = torch.cat(scores)
    # The networks are random: assert that their scores would show an error at all.
    if not (everything.min() < 0.2 and everything.max() > 0.8 and everything.std() > 0.1):
        raise SystemExit(f"{name}: the scores do not spread ({everything.min():.3f}…{everything.max():.3f})")
    if size > LARGEST_FILE:
        raise SystemExit(f"{name}: {size} bytes, more than {LARGEST_FILE}; take fewer widths or frames")
    print(
        f"{path.name:28} {size:7} bytes, {len(inputs)} inputs, scores {everything.min():.3f}…{everything.max():.3f},"
        f" std {everything.std():.3f}, live embedding {alive(tensors):.0%}")


CASES = {
    **dict.fromkeys(PANNS, panns_case), **dict.fromkeys(RESNETS, resnet_case),
    **dict.fromkeys(DECISIONS, decision_level_case), **dict.fromkeys(MOBILENETS, mobilenet_case),
    **dict.fromkeys(WAVEGRAMS, wavegram_case),
    **dict.fromkeys(ERANNS, erann_case), **dict.fromkeys(ASTS, ast_case),
    **dict.fromkeys(MN, mn_case)}


def order_metadata(path: Path) -> None:
    """Sorts the metadata, which the library writes in a random order: the same fixture is to be the same bytes."""
    content = path.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[end:])


def alive(tensors: dict) -> float:
    return float(torch.cat([v.flatten() for k, v in tensors.items() if k.endswith("/embedding")]).ne(0).float().mean())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT, help="folder of the fixtures")
    parser.add_argument("names", nargs="*", help=f"which of {', '.join(CASES)}; all when absent")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(CASES)
    if unknown:
        parser.error(f"no fixture is called {', '.join(sorted(unknown))}")
    arguments.output.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)  # one order of summation, on any machine
    for name in arguments.names or CASES:
        write(name, arguments.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
