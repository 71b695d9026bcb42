"""The networks in PyTorch, written from the specification: the oracle of the Swift package's parity tests.

Imported by the other scripts. State-dict keys, shapes and their order are those of the published checkpoints
(`check_networks.py` asserts it), so that published weights load strictly and weights written here are read by
the Swift loader as if they were published ones.

Every network has two entrances: `forward(waveform)` with samples (batch, N) at the network's rate, and
`from_inputs(*inputs)` with what it hears: the log-mel (batch, 1, time, mel), the samples, or both in this order, as
`hears(network, waveform)` gives them. Both return a dict of `logits`, `clipwise_output` (sigmoid) and `embedding`, each
(batch, width). Networks that hear the log-mel only have `from_log_mel(x)` for it.
"""

from __future__ import annotations

from typing import Callable, Sequence

import torch
from torch import nn
from torch.nn import functional as F

from front_ends import PANNS_16K, PANNS_32K, PANNS_8K, ASTFrontEnd, EfficientATFrontEnd, ERANNsFrontEnd, FrontEnd, panns_modules

CNN14_WIDTHS = (64, 64, 128, 128, 256, 256, 512, 512, 1024, 1024, 2048, 2048)
CNN10_WIDTHS = (64, 64, 128, 128, 256, 256, 512, 512)
CNN6_WIDTHS = (64, 128, 256, 512)
EPANNS_WIDTHS = {  # percentage of the filters of C7…C12 removed -> the twelve widths (SPEC §2.3)
    25: (64, 64, 128, 128, 256, 256, 384, 384, 768, 768, 1536, 1536),
    50: (64, 64, 128, 128, 256, 256, 256, 256, 512, 512, 1024, 1024),
    75: (64, 64, 128, 128, 256, 256, 128, 128, 256, 256, 512, 512),
}


class ConvBlock(nn.Module):
    """One or two convolutions, each followed by batch norm and ReLU; the pool is the network's.

    All convolutions are registered before all batch norms: that is the order of the published state dicts.
    """

    def __init__(self, inputs: int, widths: Sequence[int], kernel: int):
        super().__init__()
        self.depth = len(widths)
        sources = (inputs, *widths[:-1])
        for n, (source, width) in enumerate(zip(sources, widths), start=1):
            self.add_module(f"conv{n}", nn.Conv2d(source, width, kernel, padding=kernel // 2, bias=False))
        for n, width in enumerate(widths, start=1):
            self.add_module(f"bn{n}", nn.BatchNorm2d(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for n in range(1, self.depth + 1):
            x = F.relu(getattr(self, f"bn{n}")(getattr(self, f"conv{n}")(x)))
        return x


class _PANNsBase(nn.Module):
    """What PANNs' networks share: the front end with its frozen weights, `bn0`, and the clip head (SPEC §2).

    A network adds its own layers between, then calls `add_head`, so that the state dict has the published order.
    """

    drops_pooled = True  # whether there is a dropout before `fc1`

    def __init__(self, front_end: FrontEnd):
        super().__init__()
        self.front_end = front_end
        self.spectrogram_extractor, self.logmel_extractor = panns_modules(front_end)
        self.bn0 = nn.BatchNorm2d(front_end.mel_bands)

    def add_head(self, inputs: int, embedding_width: int, class_count: int) -> None:
        self.fc1 = nn.Linear(inputs, embedding_width)
        self.fc_audioset = nn.Linear(embedding_width, class_count)

    @property
    def sample_rate(self) -> int:
        return self.front_end.sample_rate

    def log_mel(self, waveform: torch.Tensor) -> torch.Tensor:
        """Samples (batch, N) to dB, (batch, 1, N // hop + 1, mel)."""
        return self.logmel_extractor(self.spectrogram_extractor(waveform))

    def trunk(self, x: torch.Tensor) -> torch.Tensor:
        """The normalised log-mel (batch, 1, time, mel) to the last map; each network has its own."""
        raise NotImplementedError

    def from_log_mel(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return self.clip_head(self.trunk(self.bn0(x.transpose(1, 3)).transpose(1, 3)))

    def clip_head(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """The last map (batch, channel, time, mel) to logits, scores and embedding."""
        x = x.mean(dim=3)
        x = x.amax(dim=2) + x.mean(dim=2)
        if self.drops_pooled:
            x = F.dropout(x, 0.5, self.training)
        hidden = F.relu(self.fc1(x))
        embedding = F.dropout(hidden, 0.5, self.training)  # returned only; the classifier sees `hidden`
        logits = self.fc_audioset(hidden)
        return {"logits": logits, "clipwise_output": torch.sigmoid(logits), "embedding": embedding}

    def forward(self, waveform: torch.Tensor) -> dict[str, torch.Tensor]:
        return self.from_log_mel(self.log_mel(waveform))


class PANNsNetwork(_PANNsBase):
    """CNN6, CNN10, CNN14 and every pruned CNN14: a chain of blocks and PANNs' clip head (SPEC §2, §2.1 to §2.3).

    `widths` holds one integer a convolution, in order. `pools_last` tells whether the last block pools, too.
    """

    def __init__(
        self, widths: Sequence[int], convolutions_per_block: int, kernel: int, pools_last: bool,
        embedding_width: int, class_count: int, front_end: FrontEnd = PANNS_32K,
    ):
        if len(widths) % convolutions_per_block:
            raise ValueError(f"{len(widths)} widths do not make blocks of {convolutions_per_block} convolutions")
        super().__init__(front_end)
        self.block_count = len(widths) // convolutions_per_block
        self.pools_last = pools_last
        inputs = 1
        for b in range(self.block_count):
            own = widths[b * convolutions_per_block : (b + 1) * convolutions_per_block]
            self.add_module(f"conv_block{b + 1}", ConvBlock(inputs, own, kernel))
            inputs = own[-1]
        self.add_head(inputs, embedding_width, class_count)

    def trunk(self, x: torch.Tensor) -> torch.Tensor:
        for b in range(1, self.block_count + 1):
            x = getattr(self, f"conv_block{b}")(x)
            if b < self.block_count or self.pools_last:
                x = F.avg_pool2d(x, 2)
            x = F.dropout(x, 0.2, self.training)
        return x


def cnn6(widths=CNN6_WIDTHS, embedding_width=512, class_count=527, front_end=PANNS_32K) -> PANNsNetwork:
    return PANNsNetwork(widths, 1, 5, True, embedding_width, class_count, front_end)


def cnn10(widths=CNN10_WIDTHS, embedding_width=512, class_count=527, front_end=PANNS_32K) -> PANNsNetwork:
    return PANNsNetwork(widths, 2, 3, True, embedding_width, class_count, front_end)


def cnn14(widths=CNN14_WIDTHS, embedding_width=2048, class_count=527, front_end=PANNS_32K) -> PANNsNetwork:
    """CNN14 and, with other widths, E-PANNs."""
    return PANNsNetwork(widths, 2, 3, False, embedding_width, class_count, front_end)


class _AttentionBlock(nn.Module):
    """Two pointwise convolutions over time: how much a stretch counts, and what it is. `bn_att` is stored and not used."""

    def __init__(self, inputs: int, classes: int):
        super().__init__()
        self.att = nn.Conv1d(inputs, classes, 1)
        self.cla = nn.Conv1d(inputs, classes, 1)
        self.bn_att = nn.BatchNorm1d(classes)


class DecisionLevelNetwork(PANNsNetwork):
    """CNN14 with a classifier at every 32 frames, pooled over time by "max", "avg" or "att" (SPEC §6.2).

    `framewise_output` has shape (batch, frames, classes). The reference gives no embedding; ours is the mean over time.
    """

    def __init__(
        self, pooling: str, widths: Sequence[int] = CNN14_WIDTHS, embedding_width: int = 2048, class_count: int = 527,
        front_end: FrontEnd = PANNS_32K,
    ):
        super().__init__(widths, 2, 3, False, embedding_width, class_count, front_end)
        self.pooling = pooling
        if pooling == "att":
            del self.fc_audioset
            self.att_block = _AttentionBlock(embedding_width, class_count)

    @property
    def classifier(self) -> nn.Module:
        return self.att_block.cla if self.pooling == "att" else self.fc_audioset

    def from_log_mel(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        frames = x.shape[2]
        x = self.trunk(self.bn0(x.transpose(1, 3)).transpose(1, 3)).mean(dim=3)
        x = F.max_pool1d(x, 3, 1, 1) + F.avg_pool1d(x, 3, 1, 1)
        x = F.dropout(x, 0.5, self.training)
        x = F.dropout(F.relu(self.fc1(x.transpose(1, 2))), 0.5, self.training)  # (batch, time, width)
        embedding = x.mean(dim=1)
        if self.pooling == "att":
            values = self.att_block.cla(x.transpose(1, 2)).transpose(1, 2)
            weights = torch.softmax(self.att_block.att(x.transpose(1, 2)).clamp(-10, 10), dim=2).transpose(1, 2)
            segments = torch.sigmoid(values)
            scores = (weights * segments).sum(dim=1)
        else:
            segments = torch.sigmoid(self.fc_audioset(x))
            scores = segments.amax(dim=1) if self.pooling == "max" else segments.mean(dim=1)
        framewise = segments.repeat_interleave(32, dim=1)
        framewise = torch.cat([framewise, framewise[:, -1:].expand(-1, frames - framewise.shape[1], -1)], dim=1)
        return {
            "logits": torch.logit(scores), "clipwise_output": scores, "embedding": embedding,
            "framewise_output": framewise}


# ResNets, SPEC §2.4: residual blocks of each layer, kernels of a block, output channels for each inner one.
RESNETS = {
    "resnet22": ((2, 2, 2, 2), (3, 3), 1),
    "resnet38": ((3, 4, 6, 3), (3, 3), 1),
    "resnet54": ((3, 4, 6, 3), (1, 3, 1), 4),
}


class _ResidualBlock(nn.Module):
    """Convolutions with batch norms, a ReLU between them and one behind the sum with the input.

    Nothing is strided: a block that halves the map pools its input first. `downsample` holds that pooling, where there is
    one, and the 1x1 convolution and norm of the input; its numbering is the published one.
    """

    def __init__(self, inputs: int, widths: Sequence[int], kernels: Sequence[int], halves: bool, projects: bool):
        super().__init__()
        sources = (inputs, *widths[:-1])
        for n, (source, width, kernel) in enumerate(zip(sources, widths, kernels), start=1):
            self.add_module(f"conv{n}", nn.Conv2d(source, width, kernel, padding=kernel // 2, bias=False))
            self.add_module(f"bn{n}", nn.BatchNorm2d(width))
        self.depth, self.halves, self.downsample = len(widths), halves, None
        if projects:
            pooling = [nn.AvgPool2d(2)] if halves else []
            self.downsample = nn.Sequential(
                *pooling, nn.Conv2d(inputs, widths[-1], 1, bias=False), nn.BatchNorm2d(widths[-1]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        if self.halves:
            x = F.avg_pool2d(x, 2)
        for n in range(1, self.depth + 1):
            if n == self.depth:
                x = F.dropout(x, 0.1, self.training)
            x = getattr(self, f"bn{n}")(getattr(self, f"conv{n}")(x))
            if n < self.depth:
                x = F.relu(x)
        return F.relu(x + identity)


class ResNetNetwork(_PANNsBase):
    """PANNs' ResNet22, ResNet38 and ResNet54 (SPEC §2.4).

    `scale` multiplies all published widths, but that of the two last convolutions and the embedding where `last` is given.
    """

    def __init__(
        self, variant: str, scale: float = 1, class_count: int = 527, front_end: FrontEnd = PANNS_32K,
        last: int | None = None,
    ):
        super().__init__(front_end)
        counts, kernels, expansion = RESNETS[variant]

        def c(width: int) -> int:
            return max(1, int(width * scale + 0.5))

        self.conv_block1 = ConvBlock(1, (c(64), c(64)), 3)
        self.resnet = nn.Module()
        inputs = c(64)
        for number, (planes, count) in enumerate(zip((64, 128, 256, 512), counts), start=1):
            widths = [c(planes)] * (len(kernels) - 1) + [c(planes * expansion)]
            blocks = []
            for block in range(count):
                halves = number > 1 and block == 0
                blocks.append(_ResidualBlock(
                    inputs, widths, kernels, halves, projects=halves or (block == 0 and expansion > 1)))
                inputs = widths[-1]
            self.resnet.add_module(f"layer{number}", nn.Sequential(*blocks))
        last = last or c(2048)
        self.conv_block_after1 = ConvBlock(inputs, (last, last), 3)
        self.add_head(last, last, class_count)

    def trunk(self, x: torch.Tensor) -> torch.Tensor:
        x = F.dropout(F.avg_pool2d(self.conv_block1(x), 2), 0.2, self.training)
        for number in range(1, 5):
            x = getattr(self.resnet, f"layer{number}")(x)
        x = F.dropout(F.avg_pool2d(x, 2), 0.2, self.training)
        return F.dropout(self.conv_block_after1(x), 0.2, self.training)


def resnet(
    variant: str, scale: float = 1, class_count: int = 527, front_end: FrontEnd = PANNS_32K, last: int | None = None
) -> ResNetNetwork:
    return ResNetNetwork(variant, scale, class_count, front_end, last)


# MobileNetV1, SPEC §2.5: output channels and step of each depthwise-separable block.
MOBILENET_V1_ROWS = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1),
    (1024, 2), (1024, 1))
# MobileNetV2, SPEC §2.6: expansion, output channels, blocks, step of the first. The steps of the 96 and 160 stages are
# the other way round than in the usual MobileNetV2.
MOBILENET_V2_ROWS = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 2), (6, 160, 3, 1), (6, 320, 1, 1))


def _scaled(scale: float) -> Callable[[int], int]:
    """Widths times `scale`, at least 2: weights that scale a single channel in front of a norm have no gradient."""
    return lambda width: max(2, int(width * scale + 0.5))


def _pooled_convolution(inputs: int, outputs: int, step: int, act: type[nn.Module], groups: int = 1) -> list[nn.Module]:
    """A 3x3 convolution, an average pooling in place of a stride, the norm, the activation: four modules."""
    return [
        nn.Conv2d(inputs, outputs, 3, padding=1, groups=groups, bias=False), nn.AvgPool2d(step),
        nn.BatchNorm2d(outputs), act()]


def _pointwise(inputs: int, outputs: int, act: type[nn.Module] | None) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), *([act()] if act else [])]


class MobileNetV1Network(_PANNsBase):
    """PANNs' MobileNetV1 (SPEC §2.5); `scale` multiplies all published widths."""

    def __init__(self, scale: float = 1, class_count: int = 527, front_end: FrontEnd = PANNS_32K):
        super().__init__(front_end)
        c = _scaled(scale)
        inputs = c(32)
        layers = [nn.Sequential(*_pooled_convolution(1, inputs, 2, nn.ReLU))]
        for outputs, step in MOBILENET_V1_ROWS:
            layers.append(nn.Sequential(
                *_pooled_convolution(inputs, inputs, step, nn.ReLU, groups=inputs),
                *_pointwise(inputs, c(outputs), nn.ReLU)))
            inputs = c(outputs)
        self.features = nn.Sequential(*layers)
        self.add_head(inputs, c(1024), class_count)

    def trunk(self, x: torch.Tensor) -> torch.Tensor:
        return self.features(x)


class _PANNsInvertedResidual(nn.Module):
    def __init__(self, inputs: int, expanded: int, outputs: int, step: int, expands: bool, adds_input: bool):
        super().__init__()
        parts = _pointwise(inputs, expanded, nn.ReLU6) if expands else []
        self.conv = nn.Sequential(
            *parts, *_pooled_convolution(expanded, expanded, step, nn.ReLU6, groups=expanded),
            *_pointwise(expanded, outputs, None))
        self.adds_input = adds_input

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv(x) if self.adds_input else self.conv(x)


class MobileNetV2Network(_PANNsBase):
    """PANNs' MobileNetV2 (SPEC §2.6); `scale` multiplies all published widths."""

    drops_pooled = False

    def __init__(self, scale: float = 1, class_count: int = 527, front_end: FrontEnd = PANNS_32K):
        super().__init__(front_end)
        c = _scaled(scale)
        inputs, published = c(32), 32
        layers: list[nn.Module] = [nn.Sequential(*_pooled_convolution(1, inputs, 2, nn.ReLU6))]
        for expansion, outputs, count, first_step in MOBILENET_V2_ROWS:
            for block in range(count):
                step = first_step if block == 0 else 1
                layers.append(_PANNsInvertedResidual(
                    inputs, expansion * inputs, c(outputs), step, expands=expansion != 1,
                    adds_input=step == 1 and published == outputs))
                inputs, published = c(outputs), outputs
        layers.append(nn.Sequential(*_pointwise(inputs, c(1280), nn.ReLU6)))
        self.features = nn.Sequential(*layers)
        self.add_head(c(1280), c(1024), class_count)

    def trunk(self, x: torch.Tensor) -> torch.Tensor:
        return self.features(x)


class _PreActivationBlock(nn.Module):
    """ERANNs' residual block: norm, leaky ReLU, convolution, twice; nothing follows the sum with the input (SPEC §2.8).

    An axis with a stride of 4 has kernels of 6 and 5, every other one of 3. `projects` puts a 1x1 convolution with the
    block's stride on the raw input.
    """

    def __init__(self, inputs: int, inner: int, outputs: int, stride: tuple[int, int], projects: bool, norm: bool):
        super().__init__()
        first = tuple(6 if s == 4 else 3 for s in stride)
        second = tuple(5 if s == 4 else 3 for s in stride)
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, inner, first, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, outputs, second, 1, tuple(k // 2 for k in second), bias=False)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if projects else None
        self.shortcut_bn = nn.BatchNorm2d(outputs) if projects and norm else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv1(F.leaky_relu(self.bn1(x), 0.01))
        y = self.conv2(F.leaky_relu(self.bn2(y), 0.01))
        if self.shortcut is not None:
            x = self.shortcut(x)
        return y + (x if self.shortcut_bn is None else self.shortcut_bn(x))


class _FrontEndNetwork(nn.Module):
    """A network behind a front end of its own, which makes (batch, 1, frames, bands) of samples (batch, N)."""

    @property
    def sample_rate(self) -> int:
        return self.front_end.sample_rate

    def log_mel(self, waveform: torch.Tensor) -> torch.Tensor:
        return self.front_end(waveform)

    def forward(self, waveform: torch.Tensor) -> dict[str, torch.Tensor]:
        return self.from_log_mel(self.log_mel(waveform))


class ERANNNetwork(_FrontEndNetwork):
    """ERANN-s_m-W (SPEC §2.8); no code or weights of the authors exist, the names are ours.

    `stages` holds (output width, inner widths of the blocks) five times; what the specification marks as unsure is a
    parameter: `input_norm` ("mel-bands", "channel", "none"), `normalises_shortcuts`, `pooling` ("both-axes",
    "mel-then-time").
    """

    def __init__(
        self, fourfold: int, stages: Sequence[tuple[int, Sequence[int]]], embedding_width: int, class_count: int = 527,
        input_norm: str = "mel-bands", normalises_shortcuts: bool = False, pooling: str = "both-axes",
    ):
        super().__init__()
        # To dB, (batch, 1, 128 · seconds begun, 128).
        self.front_end = ERANNsFrontEnd()
        self.input_norm, self.pooling, self.stage_count = input_norm, pooling, len(stages)
        self.bn0 = None if input_norm == "none" else nn.BatchNorm2d(128 if input_norm == "mel-bands" else 1)
        inputs = 1
        for number, (outputs, inner_widths) in enumerate(stages):
            blocks = []
            for block, inner in enumerate(inner_widths):
                stride = (1, 1) if number == 0 or block else (2, 4 if number <= fourfold else 2)
                blocks.append(_PreActivationBlock(inputs, inner, outputs, stride, block == 0, normalises_shortcuts))
                inputs = outputs
            self.add_module(f"stage{number}", nn.Sequential(*blocks))
        self.fc1 = nn.Linear(inputs, embedding_width)
        self.fc2 = nn.Linear(embedding_width, class_count)

    def from_log_mel(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        if self.input_norm == "mel-bands":
            # Copies: without them PyTorch 2.15 gives this norm wrong gradients behind the transpose that follows; its own
            # finite differences say so.
            x = self.bn0(x.transpose(1, 3).contiguous()).transpose(1, 3).contiguous()
        elif self.bn0 is not None:
            x = self.bn0(x)
        x = x.transpose(2, 3)  # mel is the height, time the width
        for number in range(self.stage_count):
            x = getattr(self, f"stage{number}")(x)
        if self.pooling == "both-axes":
            x = x.mean((2, 3)) + x.amax((2, 3))
        else:
            x = x.mean(2)
            x = x.mean(2) + x.amax(2)
        embedding = F.leaky_relu(self.fc1(x), 0.01)
        logits = self.fc2(embedding)
        return {"logits": logits, "clipwise_output": torch.sigmoid(logits), "embedding": embedding}


def erann(fourfold: int, width: int, class_count: int = 527) -> ERANNNetwork:
    """The published network of these two numbers."""
    stages = [(8 * width << stage, [8 * width << stage] * 4) for stage in range(5)]
    return ERANNNetwork(fourfold, stages, 128 * width, class_count)


class _WaveBlock(nn.Module):
    """Two one-dimensional convolutions of three taps, the second dilated, each with batch norm and ReLU."""

    def __init__(self, inputs: int, widths: Sequence[int]):
        super().__init__()
        self.conv1 = nn.Conv1d(inputs, widths[0], 3, padding=1, bias=False)
        self.conv2 = nn.Conv1d(widths[0], widths[1], 3, padding=2, dilation=2, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm1d(widths[0]), nn.BatchNorm1d(widths[1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))


class WavegramNetwork(_PANNsBase):
    """PANNs' Wavegram-CNN14 and, with `hears_log_mel`, Wavegram-Logmel-CNN14 of any number of mel bands (SPEC §2.7).

    The first stores `bn0` and `conv_block1` and never uses them. `scale` multiplies all published widths but that of the
    last convolution on the waveform, whose channels make four groups of half the bands.
    """

    def __init__(
        self, hears_log_mel: bool, scale: float = 1, class_count: int = 527, front_end: FrontEnd = PANNS_32K
    ):
        nn.Module.__init__(self)
        c = _scaled(scale)
        bands = front_end.mel_bands
        self.front_end, self.hears_log_mel, self.rows = front_end, hears_log_mel, bands // 2
        self.pre_conv0 = nn.Conv1d(1, c(64), 11, stride=5, padding=5, bias=False)
        self.pre_bn0 = nn.BatchNorm1d(c(64))
        self.pre_block1 = _WaveBlock(c(64), (c(64), c(64)))
        self.pre_block2 = _WaveBlock(c(64), (c(128), c(128)))
        self.pre_block3 = _WaveBlock(c(128), (c(2 * bands), 4 * self.rows))
        self.pre_block4 = ConvBlock(4, (c(64), c(64)), 3)
        if hears_log_mel:
            self.spectrogram_extractor, self.logmel_extractor = panns_modules(front_end)
        self.bn0 = nn.BatchNorm2d(bands)
        self.conv_block1 = ConvBlock(1, (c(64), c(64)), 3)
        inputs = c(64) * (2 if hears_log_mel else 1)
        for block, width in enumerate((128, 256, 512, 1024, 2048), start=2):
            self.add_module(f"conv_block{block}", ConvBlock(inputs, (c(width), c(width)), 3))
            inputs = c(width)
        self.add_head(inputs, c(2048), class_count)

    def inputs(self, waveform: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (self.log_mel(waveform), waveform) if self.hears_log_mel else (waveform,)

    def wavegram(self, waveform: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.pre_bn0(self.pre_conv0(waveform[:, None])))
        for block in (self.pre_block1, self.pre_block2, self.pre_block3):
            x = F.max_pool1d(block(x), 4)
        x = x.unflatten(1, (4, self.rows)).transpose(2, 3)
        return F.avg_pool2d(self.pre_block4(x), (2, 1))

    def from_inputs(self, *inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        x = self.wavegram(inputs[-1])
        if self.hears_log_mel:
            spectrogram = self.bn0(inputs[0].transpose(1, 3)).transpose(1, 3)
            x = torch.cat([F.avg_pool2d(self.conv_block1(spectrogram), 2), x], dim=1)
        x = F.dropout(x, 0.2, self.training)
        for block in range(2, 7):
            x = getattr(self, f"conv_block{block}")(x)
            if block < 6:
                x = F.avg_pool2d(x, 2)
            x = F.dropout(x, 0.2, self.training)
        return self.clip_head(x)

    def forward(self, waveform: torch.Tensor) -> dict[str, torch.Tensor]:
        return self.from_inputs(*self.inputs(waveform))


class _Attention(nn.Module):
    """Queries, keys and values from one linear layer, heads side by side, and a linear layer behind."""

    def __init__(self, width: int, heads: int, head_width: int):
        super().__init__()
        self.heads, self.head_width = heads, head_width
        self.qkv = nn.Linear(width, 3 * heads * head_width)
        self.proj = nn.Linear(heads * head_width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, _ = x.shape
        parts = self.qkv(x).reshape(batch, tokens, 3, self.heads, self.head_width).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(*parts.unbind(0))  # scales by one over the root of the heads' width
        return self.proj(y.transpose(1, 2).reshape(batch, tokens, -1))


class _Perceptron(nn.Module):
    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class _TransformerBlock(nn.Module):
    def __init__(self, width: int, heads: int, head_width: int, hidden: int):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = _Attention(width, heads, head_width)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = _Perceptron(width, hidden)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class _Patches(nn.Module):
    def __init__(self, width: int, stride: int):
        super().__init__()
        self.proj = nn.Conv2d(1, width, 16, stride)


class _VisionTransformer(nn.Module):
    """Patches, two learnt tokens, positions, blocks, a norm; the names of modules are timm's."""

    def __init__(self, width, stride, blocks, head_width, positions):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, positions, width))
        self.dist_token = nn.Parameter(torch.zeros(1, 1, width))
        self.patch_embed = _Patches(width, stride)
        self.blocks = nn.Sequential(*(_TransformerBlock(width, heads, head_width, hidden) for heads, hidden in blocks))
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.patch_embed.proj(x).flatten(2).transpose(1, 2)  # mel by mel
        tokens = [token.expand(len(x), -1, -1) for token in (self.cls_token, self.dist_token)]
        x = self.norm(self.blocks(torch.cat([*tokens, x], 1) + self.pos_embed))
        return (x[:, 0] + x[:, 1]) / 2


class ASTNetwork(_FrontEndNetwork):
    """AST (SPEC §2.9), without the two ImageNet heads of published files; `blocks` holds (heads, hidden width)."""

    def __init__(
        self, stride: int = 10, width: int = 768, blocks: Sequence[tuple[int, int]] = ((12, 3072),) * 12,
        head_width: int = 64, class_count: int = 527, mel_bands: int = 128, frames: int = 1024,
    ):
        super().__init__()
        # To the normalised filter bank, (batch, 1, 1024, 128).
        self.front_end = ASTFrontEnd()
        positions = ((mel_bands - 16) // stride + 1) * ((frames - 16) // stride + 1) + 2
        self.v = _VisionTransformer(width, stride, blocks, head_width, positions)
        self.mlp_head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, class_count))

    def from_log_mel(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        embedding = self.v(x.transpose(2, 3))
        logits = self.mlp_head(embedding)
        return {"logits": logits, "clipwise_output": torch.sigmoid(logits), "embedding": embedding}


def ast(stride: int = 10, class_count: int = 527) -> ASTNetwork:
    return ASTNetwork(stride, class_count=class_count)


# EfficientAT mn, SPEC §2.11: (in, kernel, expanded, out, squeeze-excitation, activation, stride) of features.1…15.
MN_ROWS = (
    (16, 3, 16, 16, False, "RE", 1), (16, 3, 64, 24, False, "RE", 2), (24, 3, 72, 24, False, "RE", 1),
    (24, 5, 72, 40, True, "RE", 2), (40, 5, 120, 40, True, "RE", 1), (40, 5, 120, 40, True, "RE", 1),
    (40, 3, 240, 80, False, "HS", 2), (80, 3, 200, 80, False, "HS", 1), (80, 3, 184, 80, False, "HS", 1),
    (80, 3, 184, 80, False, "HS", 1), (80, 3, 480, 112, True, "HS", 1), (112, 3, 672, 112, True, "HS", 1),
    (112, 5, 672, 160, True, "HS", 2), (160, 5, 960, 160, True, "HS", 1), (160, 5, 960, 160, True, "HS", 1),
)


def make_divisible(value: float, divisor: int = 8) -> int:
    """The nearest multiple of `divisor`, at least `divisor`, and never below nine tenths of `value`."""
    nearest = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return nearest if nearest >= 0.9 * value else nearest + divisor


def _conv_bn_act(inputs: int, outputs: int, kernel=1, stride=1, groups=1, act: type[nn.Module] | None = None):
    parts = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01)]
    return nn.Sequential(*parts, *([act()] if act else []))


class _Squeeze(nn.Module):
    """The weights of one squeeze-excitation: mean over both axes, two linears, a sigmoid gate per channel."""

    def __init__(self, channels: int):
        super().__init__()
        squeezed = make_divisible(channels // 4)
        self.fc1 = nn.Linear(channels, squeezed)
        self.fc2 = nn.Linear(squeezed, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gate = torch.sigmoid(self.fc2(F.relu(self.fc1(x.mean(dim=(2, 3))))))
        return x * gate[:, :, None, None]


class _ConcurrentSqueeze(nn.Module):
    """The published files keep a list of gates under this name; theirs, and ours, holds the channel gate alone."""

    def __init__(self, channels: int):
        super().__init__()
        self.conc_se_layers = nn.ModuleList([_Squeeze(channels)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conc_se_layers[0](x)


class _InvertedResidual(nn.Module):
    def __init__(self, inputs, kernel, expanded, outputs, squeezes, activation, stride):
        super().__init__()
        act = {"RE": nn.ReLU, "HS": nn.Hardswish}[activation]
        parts = [] if expanded == inputs else [_conv_bn_act(inputs, expanded, act=act)]
        parts.append(_conv_bn_act(expanded, expanded, kernel, stride, groups=expanded, act=act))
        if squeezes:
            parts.append(_ConcurrentSqueeze(expanded))
        parts.append(_conv_bn_act(expanded, outputs))
        self.block = nn.Sequential(*parts)
        self.adds_input = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.block(x) if self.adds_input else self.block(x)


class MNNetwork(_FrontEndNetwork):
    """EfficientAT mn of any width multiplier (SPEC §2.11)."""

    def __init__(self, width_multiplier: float, class_count: int = 527):
        super().__init__()

        def c(value: int) -> int:
            return make_divisible(value * width_multiplier)

        # To the normalised log-mel, (batch, 1, (N - 1) // hop + 1, 128).
        self.front_end = EfficientATFrontEnd()
        layers = [_conv_bn_act(1, c(16), 3, 2, act=nn.Hardswish)]
        for inputs, kernel, expanded, outputs, squeezes, activation, stride in MN_ROWS:
            layers.append(
                _InvertedResidual(c(inputs), kernel, c(expanded), c(outputs), squeezes, activation, stride))
        last = 6 * c(160)
        layers.append(_conv_bn_act(c(160), last, act=nn.Hardswish))
        self.features = nn.Sequential(*layers)
        # Indices 0, 1, 3 and 4 carry no weights; they only keep the published numbering of the two linears.
        self.classifier = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(last, c(1280)), nn.Hardswish(), nn.Dropout(0.2),
            nn.Linear(c(1280), class_count))

    def from_log_mel(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        maps = self.features(x.transpose(2, 3))  # the convolutions see mel as height, time as width
        embedding = self.classifier[:2](maps)
        logits = self.classifier[2:](embedding)
        return {"logits": logits, "clipwise_output": torch.sigmoid(logits), "embedding": embedding}


def mn(width_multiplier: float = 1.0, class_count: int = 527) -> MNNetwork:
    return MNNetwork(width_multiplier, class_count)


def hears(network: nn.Module, waveform: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """What a network hears of a waveform (batch, N): the inputs of `run`."""
    return network.inputs(waveform) if hasattr(network, "inputs") else (network.log_mel(waveform),)


def run(network: nn.Module, inputs: tuple[torch.Tensor, ...]) -> dict[str, torch.Tensor]:
    """The outputs for what a network hears."""
    return network.from_inputs(*inputs) if hasattr(network, "from_inputs") else network.from_log_mel(*inputs)


def full_size_networks() -> dict[str, Callable[[], nn.Module]]:
    """Name to factory of every full-size network the package is compared on."""
    return {
        "cnn6": cnn6,
        "cnn10": cnn10,
        "cnn14": cnn14,
        "cnn14-16k": lambda: cnn14(front_end=PANNS_16K),
        "cnn14-8k": lambda: cnn14(front_end=PANNS_8K),
        "cnn14-mel32": lambda: cnn14(front_end=FrontEnd(mel_bands=32)),
        "cnn14-mel128": lambda: cnn14(front_end=FrontEnd(mel_bands=128)),
        "cnn14-emb512": lambda: cnn14(embedding_width=512),
        "cnn14-emb128": lambda: cnn14(embedding_width=128),
        "cnn14-emb32": lambda: cnn14(embedding_width=32),
        "epanns-25": lambda: cnn14(widths=EPANNS_WIDTHS[25]),
        "epanns-50": lambda: cnn14(widths=EPANNS_WIDTHS[50]),
        "epanns-75": lambda: cnn14(widths=EPANNS_WIDTHS[75]),
        "resnet22": lambda: resnet("resnet22"),
        "resnet38": lambda: resnet("resnet38"),
        "resnet54": lambda: resnet("resnet54"),
        **{f"cnn14-decision-level-{p}": (lambda p=p: DecisionLevelNetwork(p)) for p in ("max", "avg", "att")},
        "mobilenet-v1": MobileNetV1Network,
        "mobilenet-v2": MobileNetV2Network,
        "erann-1-6": lambda: erann(1, 6),
        "erann-2-5": lambda: erann(2, 5),
        "wavegram-cnn14": lambda: WavegramNetwork(False),
        "wavegram-logmel-cnn14": lambda: WavegramNetwork(True),
        "wavegram-logmel128-cnn14": lambda: WavegramNetwork(True, front_end=FrontEnd(mel_bands=128)),
        "ast-10": lambda: ast(10),
        "ast-12": lambda: ast(12),
        "ast-14": lambda: ast(14),
        "ast-16": lambda: ast(16),
        "mn04": lambda: mn(0.4),
        "mn10": lambda: mn(1.0),
    }
