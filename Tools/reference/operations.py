"""Writes the fixture of the training plan's operations: toy graphs in training mode, float64.

The graphs are those of `Tests/EPANNsTestSupport/GraphCases.swift`, by name: a 3×3 convolution with six filters from the
spectrogram, the case, a mean over the axes that are left, a linear layer to five logits. Each also runs with time
and mel swapped. Two more show what graphs alone do not: SpecAugment and mixup behind a norm over mel, and a frozen norm.

operations.safetensors holds `inputs` (clips, time, mel; float16 holds them exactly), `mixed_inputs` (2 × clips, …),
`targets` (clips, classes), `losses` (cases), and for the n-th case `<n>/weights/<key>` (float16 holds them exactly),
`<n>/gradients/<key>`, `<n>/statistics/<key>` after the step. The metadata holds `names` (JSON, in the order of n; those
with swapped axes end in " transposed"), `stripes` and `lambdas` of the augmentation (JSON), `generator`, `torch`, `seed`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

GENERATOR = "Tools/reference/operations.py"
DEFAULT_OUTPUT = Path(__file__).resolve().parents[2] / "Tests" / "EPANNsTrainingTests" / "Fixtures"
CLIPS, FRAMES, MELS, CLASSES, SEED = 3, 37, 16, 5, 31
# Stripes per clip as (time ranges, mel ranges), and mixup's weights per pair.
STRIPES = [([[2, 9]], [[1, 4]]), ([[0, 0], [30, 37]], []), ([[5, 6]], [[12, 16]]), ([], [[0, 2], [1, 3]]),
           ([[10, 20]], [[7, 8]]), ([[3, 4], [3, 12]], [[15, 16]])]
LAMBDAS = [0.25, 0.875, 0.5]


class Graph:
    """Layers by name; the first pass draws their weights."""

    def __init__(self, seed: int, frozen: tuple[str, ...] = ()):
        self.generator = torch.Generator().manual_seed(seed)
        self.weights: dict[str, torch.Tensor] = {}
        self.statistics: dict[str, torch.Tensor] = {}
        self.start: dict[str, torch.Tensor] = {}
        self.frozen = frozen

    def draw(self, name: str, shape, low: float, high: float) -> torch.Tensor:
        values = torch.rand(shape, generator=self.generator) * (high - low) + low
        value = values.half().double()
        self.start[name] = value.clone()
        if name.rsplit(".", 1)[0] not in self.frozen:
            value.requires_grad_()
        self.weights[name] = value
        return value

    def conv(self, name, x, filters, kernel, stride=1, padding=0, dilation=1, groups=1, bias=False):
        fan = x.shape[1] // groups
        for extent in kernel:
            fan *= extent
        bound = (6 / fan) ** 0.5
        weight = self.draw(name + ".weight", (filters, x.shape[1] // groups, *kernel), -bound, bound)
        shift = self.draw(name + ".bias", (filters,), -0.1, 0.1) if bias else None
        function = F.conv1d if len(kernel) == 1 else F.conv2d
        return function(x, weight, shift, stride, padding, dilation, groups)

    def square(self, name, x, filters=6, bias=False):
        return self.conv(name, x, filters, (3, 3), padding=1, bias=bias)

    def length(self, name, x):
        return self.conv(name, x, 8, (3,), padding=2, dilation=2)

    def linear(self, name, x, outputs):
        bound = (6 / x.shape[1]) ** 0.5
        weight = self.draw(name + ".weight", (outputs, x.shape[1]), -bound, bound)
        return F.linear(x, weight, self.draw(name + ".bias", (outputs,), -0.1, 0.1))

    def norm(self, name, x, axis=1):
        moved = x.transpose(1, axis)
        width = moved.shape[1]
        scale = self.draw(name + ".weight", (width,), 0.8, 1.2)
        shift = self.draw(name + ".bias", (width,), -0.1, 0.1)
        mean = (torch.rand(width, generator=self.generator) * 0.4 - 0.2).half().double()
        variance = (torch.rand(width, generator=self.generator) + 0.5).half().double()
        self.start[name + ".running_mean"], self.start[name + ".running_var"] = mean.clone(), variance.clone()
        y = F.batch_norm(moved, mean, variance, scale, shift, training=name not in self.frozen, momentum=0.1)
        self.statistics[name + ".running_mean"], self.statistics[name + ".running_var"] = mean, variance
        return y.transpose(1, axis)


    def layer_norm(self, name, x, epsilon=1e-5):
        width = x.shape[1]
        scale = self.draw(name + ".weight", (width,), 0.8, 1.2)
        shift = self.draw(name + ".bias", (width,), -0.1, 0.1)
        return F.layer_norm(x.transpose(1, -1), (width,), scale, shift, epsilon).transpose(1, -1)

    def rows(self, name, x, outputs):
        """A linear layer at every position of (batch, channels, positions)."""
        return self.linear_of(name, x.transpose(1, 2), outputs).transpose(1, 2)

    def linear_of(self, name, x, outputs):
        bound = (6 / x.shape[-1]) ** 0.5
        weight = self.draw(name + ".weight", (outputs, x.shape[-1]), -bound, bound)
        return F.linear(x, weight, self.draw(name + ".bias", (outputs,), -0.1, 0.1))

    def parameter(self, name, batch, channels, positions=1):
        """A stored value (1, positions, channels) for every clip, as (batch, channels, positions)."""
        return self.draw(name, (1, positions, channels), -0.1, 0.1).transpose(1, 2).expand(batch, -1, -1)


def attention(x, heads, width, scale):
    """Of (batch, 3 · heads · width, positions): queries, keys, values."""
    q, k, v = x.reshape(x.shape[0], 3, heads, width, x.shape[2]).unbind(1)
    weights = torch.softmax(scale * q.transpose(2, 3) @ k, dim=-1)
    return (weights @ v.transpose(2, 3)).transpose(2, 3).flatten(1, 2)


def transformer_layers(g, x):
    tokens = F.avg_pool2d(x, 4).flatten(2)
    y = F.gelu(g.rows("l1", g.layer_norm("ln", tokens, 1e-6), 10))
    return tokens + g.rows("l2", y, 6)


def two_heads(g, x):
    tokens = F.avg_pool2d(x, 2).flatten(2)
    return tokens + g.rows("proj", attention(g.rows("qkv", tokens, 30), 2, 5, 5**-0.5), 6)


def one_head(g, x):
    tokens = F.avg_pool2d(x, 2, (4, 1)).flatten(2)
    y = g.rows("qkv", F.hardswish(tokens), 9)
    return torch.cat([attention(y, 1, 3, 0.7), y, tokens], 1)


def class_tokens(g, x):
    batch, tokens = x.shape[0], F.max_pool2d(x, 4).flatten(2)
    y = torch.cat([g.parameter("cls", batch, 6), g.parameter("dist", batch, 6), tokens], 2)
    y = y + g.parameter("pos", batch, 6, 38)
    return g.layer_norm("ln", y)[:, :, :2] + y[:, :, :2]


def mean(x):
    return x.mean((2, 3))


def scaled(x, factor):
    return x * factor[:, :, None, None]


def grouped(g, x):
    y = g.conv("a", x, 6, (5, 5), (2, 1), (2, 2), groups=6)
    y = g.conv("b", y, 9, (3, 1), padding=(2, 0), dilation=(2, 1), groups=3)
    return g.conv("c", y, 4, (6, 5), (4, 2), (1, 2))


def excitation(g, x):
    scale = torch.relu(g.linear("f1", mean(x), 3))
    return scaled(x, torch.sigmoid(g.linear("f2", scale, 6))) + x


def one_dimensional(g, x):
    y = torch.relu(g.norm("bn", g.length("c", x.mean(3))))
    y = F.max_pool1d(y, 4)
    y = y.reshape(y.shape[0], y.shape[1] // 4, 4, y.shape[2])
    return g.square("c2", y)


def narrow(g, x):
    y = torch.relu(g.square("a", F.avg_pool2d(x, (1, 8))))
    y = g.norm("bn", g.square("b", y)) + y
    return F.avg_pool2d(y, (2, 1))


def vectors(g, x):
    a = g.square("n", F.avg_pool2d(x, (1, 8))).amax((2, 3)) + mean(x)
    b = g.linear("l", a, 6)
    return torch.cat([a * b, g.linear("l2", b, 5), b + a], 1)


def concatenation(g, x):
    a, b = g.square("a", x, 5), g.conv("b", x, 7, (1, 1), bias=True)
    return g.square("c", torch.cat([a, x, b], 1))


def residual_pooling(g, x):
    y = g.square("c", torch.relu(x)) + x
    return y + F.max_pool2d(x, 3, 1, 1)


def four_readers(g, x):
    y = torch.relu(g.norm("bn", g.square("a", x)))
    return y * F.avg_pool2d(y, 3, 1, 1) + g.square("b", y) + y


def winograd(g, x):
    y = torch.relu(g.norm("bn", g.square("a", x, 18)))
    return torch.relu(g.square("b", y, 18))


def hard_swish_behind_transpose(g, x):
    return F.hardswish(x.transpose(2, 3)).transpose(2, 3) + x


CASES = {
    "residual sum with norm and ReLU, as in ResNet": lambda g, x: torch.relu(g.norm("bn", g.square("c", x)) + x),
    "the convolution reads what it is added to": lambda g, x: g.square("c", x) + x,
    "a pooling reads the residual after the convolution": residual_pooling,
    "sum of three, then ReLU6": lambda g, x: F.relu6(g.square("a", x) + g.square("b", x) + g.square("c", x)),
    "sum of two poolings": lambda g, x: F.avg_pool2d(x, 2) + F.max_pool2d(x, 2),
    "concatenation of odd widths": concatenation,
    "poolings with padding": lambda g, x: F.max_pool2d(F.avg_pool2d(x, 3, 2, 1), 3, 2, 1),
    "norm before the convolution, as in ERANN":
        lambda g, x: g.square("c", F.leaky_relu(g.norm("bn", x), 0.01)) + x,
    "norm over mel bands in the middle": lambda g, x: g.norm("bn", x.transpose(2, 3), 2).transpose(2, 3) + x,
    "depthwise, grouped, strided, dilated": grouped,
    "squeeze-excitation": excitation,
    "product of two maps": lambda g, x: torch.sigmoid(g.square("c", x)) * x,
    "activation behind a transpose whose input is needed again": hard_swish_behind_transpose,
    "one-dimensional: convolution, norm, pooling, unflattening": one_dimensional,
    "mean over the height leaves a one-dimensional map": lambda g, x: torch.relu(g.length("c", x.mean(2))),
    "narrow and long, where height and width change places": narrow,
    "vectors: sum, product, concatenation of both kinds": vectors,
    "softmax in the middle": lambda g, x: scaled(x, torch.softmax(g.linear("l", mean(x), 6), 1)),
    "convolutions with bias, hard swish and leaky ReLU":
        lambda g, x: F.leaky_relu(g.square("b", F.hardswish(g.square("a", x, bias=True)), bias=True), 0.2),
    "one result with four readers": four_readers,
    "norm of a vector": lambda g, x: torch.relu(g.norm("bn", g.linear("l", mean(x), 7))),
    "wide enough for Winograd": winograd,
    "tokens through layer norm, linear layers and GELU": transformer_layers,
    "attention in two heads over two blocks": two_heads,
    "attention in one head of a map that is needed again": one_head,
    "class tokens before, positions added, the first taken": class_tokens,
    "layer norm and GELU of a vector": lambda g, x: F.gelu(g.layer_norm("ln", g.linear("l", mean(x), 7))),
}


def network(g: Graph, case, x: torch.Tensor, transposed: bool) -> torch.Tensor:
    if transposed:
        x = x.transpose(2, 3)
    x = case(g, g.conv("stem", x, 6, (3, 3), padding=1, bias=True))
    return head(g, x)


def head(g: Graph, x: torch.Tensor) -> torch.Tensor:
    if x.dim() > 2:
        x = x.mean(tuple(range(2, x.dim())))
    return g.linear("head", x, CLASSES)


def augmented(g: Graph, x: torch.Tensor) -> torch.Tensor:
    """PANNs' beginning: a norm over mel, stripes set to zero, neighbours mixed."""
    x = g.norm("bn0", x, 3)
    mask = torch.ones_like(x)
    for clip, (times, mels) in enumerate(STRIPES):
        for start, end in times:
            mask[clip, :, start:end] = 0
        for start, end in mels:
            mask[clip, :, :, start:end] = 0
    weight = torch.tensor(LAMBDAS, dtype=torch.float64)[:, None, None, None]
    x = x * mask
    x = x[0::2] * weight + x[1::2] * (1 - weight)
    return head(g, torch.relu(g.norm("bn", g.square("c", x))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    arguments = parser.parse_args()
    generator = torch.Generator().manual_seed(SEED)
    inputs = torch.randn(CLIPS, FRAMES, MELS, generator=generator).half()
    mixed = torch.randn(2 * CLIPS, FRAMES, MELS, generator=generator).half()
    targets = (torch.rand(CLIPS, CLASSES, generator=generator) < 0.4).float()
    tensors = {"inputs": inputs, "mixed_inputs": mixed, "targets": targets}
    names, losses = [], []

    def record(name: str, graph: Graph, logits: torch.Tensor) -> None:
        loss = F.binary_cross_entropy_with_logits(logits, targets.double())
        loss.backward()
        prefix = f"{len(names)}/"
        names.append(name)
        losses.append(loss.item())
        for key, value in graph.start.items():
            tensors[prefix + "weights/" + key] = value.half()
        for key, value in graph.weights.items():
            if value.requires_grad:
                tensors[prefix + "gradients/" + key] = value.grad.float()
        for key, value in graph.statistics.items():
            tensors[prefix + "statistics/" + key] = value.float()

    x = inputs.double()[:, None]
    for number, (name, case) in enumerate(CASES.items()):
        for transposed in (False, True):
            graph = Graph(SEED + number)
            swapped = transposed and "mel bands" not in name
            record(name + (" transposed" if transposed else ""), graph, network(graph, case, x, swapped))
    graph = Graph(SEED, frozen=("bn",))
    record("a frozen norm", graph, network(graph, CASES["one result with four readers"], x, False))
    graph = Graph(SEED)
    record("augmentation behind a norm over mel", graph, augmented(graph, mixed.double()[:, None]))
    tensors["losses"] = torch.tensor(losses, dtype=torch.float64)
    path = arguments.output / "operations.safetensors"
    save_file(tensors, path, metadata={
        "names": json.dumps(names), "stripes": json.dumps(STRIPES), "lambdas": json.dumps(LAMBDAS),
        "generator": GENERATOR, "torch": torch.__version__, "seed": str(SEED)})
    print(f"{path.name}: {path.stat().st_size} bytes, {len(names)} cases, losses {min(losses):.3f} … {max(losses):.3f}")


if __name__ == "__main__":
    main()
