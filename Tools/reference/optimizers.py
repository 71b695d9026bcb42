"""Writes the fixture of losses and optimisers: PyTorch's numbers in float64, as JSON.

optimizers.json holds `optimizers`: `start` and `gradients` (steps, weights), exact in Float32, the learning `rates` of
the steps, the numbers of the `kept` steps, and `cases`, each with its settings in the package's keys and `weights`
(kept, weights). `losses` holds `logits`, `targets`, `teacher` (batch, classes) for both kinds of loss, and `cases` with
`weight` and `temperature` of the teacher, `loss` and `gradient`. Beside them stand `generator`, `torch`, `seed`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from torch.nn import functional as F

GENERATOR = "Tools/reference/optimizers.py"
DEFAULT_OUTPUT = Path(__file__).resolve().parents[2] / "Tests" / "EPANNsTrainingTests" / "Fixtures"
SEED, STEPS, COUNT, KEPT = 41, 40, 37, (1, 2, 10, 40)


def adam(decay=0.0, amsgrad=True, clip=None, decoupled=False, betas=(0.9, 0.999), eps=1e-8):
    settings = {"kind": "adamw" if decoupled else "adam", "amsgrad": amsgrad, "weight_decay": decay,
                "beta1": betas[0], "beta2": betas[1], "epsilon": eps, "clipping_norm": clip}
    kind = torch.optim.AdamW if decoupled else torch.optim.Adam
    return settings, lambda p: kind([p], betas=betas, eps=eps, weight_decay=decay, amsgrad=amsgrad)


def sgd(momentum=0.0, nesterov=False, decay=0.0, clip=None):
    settings = {"kind": "sgd", "momentum": momentum, "nesterov": nesterov, "weight_decay": decay, "clipping_norm": clip}
    return settings, lambda p: torch.optim.SGD([p], lr=1e-3, momentum=momentum, nesterov=nesterov, weight_decay=decay)


CASES = {
    "Adam with AMSGrad": adam(),
    "Adam": adam(amsgrad=False),
    "Adam with AMSGrad and weight decay": adam(decay=0.05),
    "Adam with other betas and a large epsilon": adam(amsgrad=False, betas=(0.5, 0.9), eps=0.1),
    "Adam, clipped": adam(clip=1.5),
    "AdamW": adam(amsgrad=False, decay=0.1, decoupled=True),
    "AdamW with AMSGrad": adam(decay=0.1, decoupled=True),
    "SGD": sgd(),
    "SGD with momentum": sgd(0.9),
    "SGD with Nesterov's momentum": sgd(0.9, nesterov=True),
    "SGD with momentum and weight decay": sgd(0.8, decay=0.05),
    "SGD, clipped": sgd(0.9, clip=1.5),
}


def optimizers(generator: torch.Generator) -> dict:
    start = torch.randn(COUNT, generator=generator)
    # Scales from 1e-4 to 1e2, and steps that are quiet, so that the largest second moment is not the last one.
    gradients = torch.randn(STEPS, COUNT, generator=generator) * torch.logspace(-4, 2, COUNT)
    gradients[STEPS // 2:] *= 0.1
    gradients[:, 0] = 0
    rates = [0.01 * (1 + (step % 5)) for step in range(STEPS)]
    cases = []
    for name, (settings, make) in CASES.items():
        weights = start.double().clone().requires_grad_()
        optimizer = make(weights)
        kept = []
        for step in range(STEPS):
            weights.grad = gradients[step].double().clone()
            if settings["clipping_norm"]:
                torch.nn.utils.clip_grad_norm_([weights], settings["clipping_norm"])
            for group in optimizer.param_groups:
                group["lr"] = rates[step]
            optimizer.step()
            if step + 1 in KEPT:
                kept.append(weights.detach().tolist())
        cases.append({"name": name, "configuration": settings, "weights": kept})
    return {"start": start.tolist(), "gradients": gradients.tolist(), "rates": rates, "kept": list(KEPT), "cases": cases}


def binary(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """BCELoss on the sigmoid with its clamp at -100, where the sigmoid can be told from 0 and 1: from logits."""
    scores = torch.clamp(F.logsigmoid(logits), min=-100)
    others = torch.clamp(F.logsigmoid(-logits), min=-100)
    return -(targets * scores + (1 - targets) * others).mean()


def losses(generator: torch.Generator) -> dict:
    batch, classes = 4, 6
    logits = torch.randn(batch, classes, generator=generator) * 4
    logits[0, :4] = torch.tensor([150.0, -150.0, 99.0, -30.0])
    targets = torch.rand(batch, classes, generator=generator)
    targets[0] = torch.tensor([0.0, 1.0, 0.0, 1.0, 0.0, 1.0])
    teacher = torch.rand(batch, classes, generator=generator)
    distribution = torch.softmax(torch.randn(batch, classes, generator=generator) * 2, 1)
    labels = torch.softmax(torch.randn(batch, classes, generator=generator) * 3, 1)
    labels[1] = torch.eye(classes)[2]
    kinds = {}
    for kind, y, taught in (("bce", targets, teacher), ("cross-entropy", labels, distribution)):
        cases = []
        for weight, temperature in ((0.0, 1.0), (1.0, 1.0), (0.3, 1.0), (0.5, 3.0), (1.0, 2.0)):
            x = logits.double().clone().requires_grad_()
            t = taught.double()
            if kind == "bce":
                soft = torch.sigmoid(torch.logit(t) / temperature)
                # The clamp's zero gradient is PyTorch's; the value has the clamp, the gradient has not.
                function, smooth = binary, F.binary_cross_entropy_with_logits
            else:
                soft = t ** (1 / temperature)
                soft = soft / soft.sum(1, keepdim=True)
                function = smooth = F.cross_entropy
            def total(f):
                return (1 - weight) * f(x, y.double()) + weight * temperature ** 2 * f(x / temperature, soft)
            total(smooth).backward()
            cases.append({"weight": weight, "temperature": temperature, "loss": total(function).item(),
                          "gradient": x.grad.flatten().tolist()})
        if kind == "bce":  # where nothing is clamped, it is BCELoss itself
            x, y1 = logits[1:].double(), y[1:].double()
            assert abs(binary(x, y1) - F.binary_cross_entropy(torch.sigmoid(x), y1)) < 1e-12
            extreme = torch.tensor([150.0, -150.0], dtype=torch.float64)
            wrong = torch.tensor([0.0, 1.0], dtype=torch.float64)
            assert F.binary_cross_entropy(torch.sigmoid(extreme), wrong) == 100 == binary(extreme, wrong)
        kinds[kind] = {"targets": y.flatten().tolist(), "teacher": taught.flatten().tolist(), "cases": cases}
    return {"batch": batch, "classes": classes, "logits": logits.flatten().tolist(), "kinds": kinds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    arguments = parser.parse_args()
    generator = torch.Generator().manual_seed(SEED)
    content = {"generator": GENERATOR, "torch": torch.__version__, "seed": SEED,
               "optimizers": optimizers(generator), "losses": losses(generator)}
    path = arguments.output / "optimizers.json"
    path.write_text(json.dumps(content) + "\n")
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
