"""Seeded random weights that behave like trained ones, and inputs that look like log-mel spectrograms.

Imported by make_fixtures.py, full_size.py and the benchmarks; shows nothing by itself. Weights drawn blindly make
deep networks whose activations die or whose scores are all 0.5, and then a wrong kernel changes nothing. So the
weights are scaled on a calibration batch, layer after layer: convolutions and linears to unit spread, batch norms
to statistics near the true ones but never equal to them (so that an ignored mean, variance, scale or shift shows),
and `fit_scores` sets the last layer so that the scores of given inputs fill 0.05…0.95.
"""

from __future__ import annotations

import torch
from torch import nn

FRONT_END_PREFIXES = ("spectrogram_extractor", "logmel_extractor", "front_end")
LARGEST_LOGIT = 3.0  # scores of 0.05 and 0.95


Inputs = torch.Tensor | tuple[torch.Tensor, ...]  # a log-mel, or all that a network hears

CONVOLUTIONS, NORMS = (nn.Conv1d, nn.Conv2d), (nn.BatchNorm1d, nn.BatchNorm2d)


def run(network: nn.Module, x: Inputs) -> dict[str, torch.Tensor]:
    """The outputs for what a network hears."""
    return network.from_inputs(*x) if isinstance(x, tuple) else network.from_log_mel(x)


def randomise(network: nn.Module, calibration: Inputs, seed: int) -> nn.Module:
    """Fills `network` in place and returns it, in evaluation mode.

    `calibration` is a batch of what it hears, such as log-mels (batch ≥ 2, 1, time, mel). Batch norm: running_mean = mean + N(0, 0.5)·std,
    running_var = U(0.5, 2)·variance, both of the calibration batch and so N(0, 0.5) and U(0.5, 2) in normalised
    units; γ ~ U(0.5, 1.5), β ~ N(0, 0.2). Biases of linears ~ N(0, 0.2). The front end keeps its weights.
    """
    source = torch.Generator().manual_seed(seed)

    def normal(*shape, spread=1.0):
        return torch.randn(*shape, generator=source) * spread

    def uniform(*shape, low, high):
        return torch.rand(*shape, generator=source) * (high - low) + low

    own = [m for name, m in network.named_modules() if not name.startswith(FRONT_END_PREFIXES)]
    with torch.no_grad():
        for m in own:
            if isinstance(m, (*CONVOLUTIONS, nn.Linear)):
                m.weight.copy_(normal(*m.weight.shape))
                if m.bias is not None:
                    m.bias.zero_()
            elif isinstance(m, nn.LayerNorm):
                m.weight.copy_(uniform(*m.weight.shape, low=0.5, high=1.5))
                m.bias.copy_(normal(*m.bias.shape, spread=0.2))
            elif isinstance(m, NORMS):
                m.weight.copy_(uniform(m.num_features, low=0.5, high=1.5))
                m.bias.copy_(normal(m.num_features, spread=0.2))
                m.num_batches_tracked.fill_(1234)

        for name, value in network.named_parameters():
            if name.endswith(("_token", "pos_embed")):
                value.copy_(normal(*value.shape, spread=0.5))

    def scale_weights(module, _, output):
        # A linear's inputs are positive (pooled ReLUs), and what clips have in common would drown what tells them
        # apart: the common part is taken out through the bias, then the rest is brought to the wanted spread.
        if isinstance(module, nn.Linear):
            common = output.flatten(0, -2).mean(dim=0)
            factor = 1 / float((output - common).std())
            module.bias.copy_(normal(*module.bias.shape, spread=0.2) - common * factor)
        else:
            factor = 1 / float(output.std())
            if module.bias is not None:
                module.bias.copy_(normal(*module.bias.shape, spread=0.2))
        module.weight.mul_(factor)
        if module.bias is None:
            return output * factor
        return output * factor + module.bias.view(-1, *[1] * (0 if isinstance(module, nn.Linear) else output.dim() - 2))

    def set_statistics(module, inputs):
        x = inputs[0]
        axes = (0, *range(2, x.dim()))
        mean, variance = x.mean(dim=axes), x.var(dim=axes)
        variance = variance.clamp_min(1e-3 * float(variance.mean()))
        channels = module.num_features
        module.running_mean.copy_(mean + normal(channels, spread=0.5) * variance.sqrt())
        module.running_var.copy_(variance * uniform(channels, low=0.5, high=2.0))

    hooks = []
    for m in own:
        if isinstance(m, (*CONVOLUTIONS, nn.Linear)):
            hooks.append(m.register_forward_hook(scale_weights))
        elif isinstance(m, NORMS):
            hooks.append(m.register_forward_pre_hook(set_statistics))
    network.eval()
    with torch.no_grad():
        run(network, calibration)
    for hook in hooks:
        hook.remove()
    return network


def fit_scores(network: nn.Module, inputs: list[Inputs]) -> nn.Module:
    """Scales and centres the last layer so that the largest logit over `inputs` is ±LARGEST_LOGIT."""
    linear = [m for m in network.modules() if isinstance(m, nn.Linear)][-1]
    classifier = getattr(network, "classifier", None)
    classifier = classifier if isinstance(getattr(classifier, "weight", None), torch.Tensor) else linear
    with torch.no_grad():
        logits = torch.cat([run(network, x)["logits"] for x in inputs])
        common = logits.mean(dim=0)
        # A third of the common part stays: a class may be likelier than another in every clip.
        factor = LARGEST_LOGIT / float((logits - common * 2 / 3).abs().max())
        classifier.weight.mul_(factor)
        classifier.bias.copy_((classifier.bias - common * 2 / 3) * factor)
    return network


def log_mel_like(batch: int, frames: int, mels: int, seed: int) -> torch.Tensor:
    """Made-up log-mels in dB, −60…10, (batch, 1, time, mel): a falling spectrum, a few events, measurement noise."""
    source = torch.Generator().manual_seed(seed)
    time = torch.linspace(0, 1, frames)[:, None]
    mel = torch.linspace(0, 1, mels)[None, :]
    clips = []
    for _ in range(batch):
        r = torch.rand(24, generator=source)
        level = -45 + 20 * r[0] - 15 * r[1] * mel + 5 * torch.sin(2 * torch.pi * (1 + 4 * r[2]) * (mel + r[3]))
        x = level + 3 * torch.randn(frames, mels, generator=source)
        for e in range(4):
            a, b, c, d, loud = r[4 + 5 * e : 9 + 5 * e]
            bump = torch.exp(-((time - a) / (0.05 + 0.2 * b)) ** 2 - ((mel - c) / (0.03 + 0.3 * d)) ** 2)
            x = x + (15 + 30 * loud) * bump
        clips.append(x.clamp(-60, 10))
    return torch.stack(clips)[:, None]


def evaluate_exactly(network: nn.Module, x: Inputs) -> dict[str, torch.Tensor]:
    """The outputs computed in float64 from the float32 weights and input, then rounded to float32.

    So the error a parity test sees is the tested side's own. The network is float32 again afterwards.
    """
    with torch.no_grad():
        outputs = run(network.double(), tuple(part.double() for part in x) if isinstance(x, tuple) else x.double())
    network.float()
    return {name: value.float().contiguous() for name, value in outputs.items()}
