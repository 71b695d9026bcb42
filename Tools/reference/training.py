"""Writes the fixtures of the training tests: ten steps of small networks, in float64.

A file training-<name>.safetensors holds `inputs` (batches, clips, 1, time, mel; float16 holds them exactly), perhaps
`waveforms` (batches, clips, samples),
`targets` (batches, clips, classes), `start/<state-dict key>`, `gradients/<key>` of the first step, `step<n>/<key>`
after the steps named in `steps`, and `losses` of all ten steps. Step n uses batch n modulo the number of batches.
Adam with AMSGrad as PANNs use it (SPEC §5.3), dropout off. The metadata holds `configuration` (JSON), `generator`,
`torch`, `seed`, `learning_rate`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

import networks
from front_ends import FrontEnd
from make_fixtures import (
    ASTS, ERANNS, ast_configuration, decision_level, erann_configuration, mobilenet, order_metadata,
    resnet_configuration, wavegram, wavegram_inputs)
from random_weights import CONVOLUTIONS, FRONT_END_PREFIXES, NORMS, log_mel_like, run

GENERATOR = "Tools/reference/training.py"
DEFAULT_OUTPUT = Path(__file__).resolve().parents[2] / "Tests" / "EPANNsTrainingTests" / "Fixtures"
STEPS = 10
LEARNING_RATE = 1e-3


def initialise(network: nn.Module, seed: int) -> None:
    """PANNs' initialisation (SPEC §2), and norms that do something."""
    torch.manual_seed(seed)
    # The front end's transform is made of convolutions, too; it stays as it is, and takes no random numbers.
    own = [module for name, module in network.named_modules() if not name.startswith(FRONT_END_PREFIXES)]
    for module in own:
        if isinstance(module, (*CONVOLUTIONS, nn.Linear)):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.uniform_(module.bias, -0.1, 0.1)
        if isinstance(module, NORMS):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.2, 0.2)
        if isinstance(module, nn.LayerNorm):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.2, 0.2)
        if isinstance(module, networks._VisionTransformer):
            for value in (module.cls_token, module.pos_embed, module.dist_token):
                nn.init.normal_(value, std=0.2)
        if isinstance(module, (nn.Dropout,)):
            module.p = 0.0
    for module in own:
        if isinstance(module, networks._ResidualBlock):
            # Published ones start at zero; near it, gradients are there and forty layers do not amplify roundings.
            nn.init.uniform_(getattr(module, f"bn{module.depth}").weight, 0.1, 0.3)
        if isinstance(module, networks._PANNsInvertedResidual) and module.adds_input:
            nn.init.uniform_(module.conv[-1].weight, 0.1, 0.3)
        if isinstance(module, networks._PreActivationBlock):
            # Twenty blocks on two mel bands and four frames amplify roundings, too.
            nn.init.uniform_(module.bn2.weight, 0.1, 0.3)


def cases():
    widths = (4, 5, 6, 7, 8, 8, 10, 9, 12, 11, 14, 13)
    yield ("cnn14", networks.cnn14(widths, 16, 7, FrontEnd(mel_bands=64)),
           {"architecture": "cnn14", "widths": list(widths), "embedding_width": 16, "class_count": 7, "mel_bands": 64},
           (3, 96, 64), 21, (1, 2, 5, STEPS))
    yield ("mn", networks.mn(0.05, 7),
           {"architecture": "mn", "width_multiplier": 0.05, "class_count": 7, "mel_bands": 128},
           (3, 50, 128), 22, (1, STEPS))
    network = networks.resnet("resnet38", 1 / 40, 7, last=16)
    yield ("resnet38", network, resnet_configuration(network, "resnet38", 7), (3, 64, 64), 25, (1, STEPS))
    for pooling, seed in (("avg", 41), ("att", 42)):
        yield (f"cnn14-decision-level-{pooling}", *decision_level(pooling, widths, 16, 7), (3, 96, 64), seed, (STEPS,))
    # 10236 samples are 32 frames. Rounding decides which of four elements a max pooling passes on: of thirty seeds one
    # whose losses move little, by 1e-4 at most, when all weights move by 3e-6 of themselves.
    yield ("wavegram-logmel-cnn14", *wavegram("wavegram-logmel-cnn14", 1 / 70, 7), (3, 32, 64), 17, (1, STEPS))
    # Of forty seeds those with which PyTorch's own float32 follows: with others an activation lies so near a ReLU's corner
    # that rounding decides on which side of it.
    yield ("mobilenet-v1", *mobilenet("mobilenet-v1", 1 / 20, 7), (3, 64, 64), 20, (1, STEPS))
    yield ("mobilenet-v2", *mobilenet("mobilenet-v2", 1 / 20, 7), (3, 96, 64), 5, (1, STEPS))
    # Of the seeds tried, one whose maxima and leaky ReLUs are not decided by a rounding.
    fourfold, stages, embedding, *_ = ERANNS["erann"]
    network = networks.ERANNNetwork(fourfold, stages, embedding, 7)
    yield ("erann", network, erann_configuration(network, fourfold, stages, embedding, 7), (3, 32, 128), 28, (1, STEPS))
    stride, width, blocks, head_width, _, mels, frames, *_ = ASTS["ast"]
    network = networks.ASTNetwork(stride, width, blocks, head_width, 7, mels, frames)
    yield ("ast", network, ast_configuration(stride, width, blocks, head_width, 7, mels, frames), (3, frames, mels), 27,
           (1, STEPS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    parser.add_argument("names", nargs="*", help="which networks; all when absent")
    arguments = parser.parse_args()
    for name, network, configuration, (clips, frames, mels), seed, kept in cases():
        if arguments.names and name not in arguments.names:
            continue
        initialise(network, seed)
        networks.F.dropout = lambda x, *_: x  # the PANNs blocks drop through the functional interface
        inputs = torch.stack([log_mel_like(clips, frames, mels, seed + n) for n in range(2)])
        waveforms = None
        if hasattr(network, "from_inputs"):
            waveforms = torch.stack([wavegram_inputs(network, clips, 10236, seed + n)[1] for n in range(2)]).half()
        if name == "mn":
            inputs = (inputs / 4.342944819 + 4.5) / 5
        if name == "ast":
            inputs = (inputs / 4.342944819 + 4.2677393) / (2 * 4.5689974)
        inputs = inputs.half()
        generator = torch.Generator().manual_seed(seed)
        targets = (torch.rand(2, clips, 7, generator=generator) < 0.3).float()
        network = network.double().train()
        state = {k: v for k, v in network.state_dict().items() if not k.startswith(FRONT_END_PREFIXES) and "bn_att" not in k}
        tensors = {"inputs": inputs, "targets": targets} | ({} if waveforms is None else {"waveforms": waveforms})
        tensors |= {f"start/{k}": v.float() if v.is_floating_point() else v.clone() for k, v in state.items()}
        # The start is what Float32 holds.
        network.load_state_dict({k: v.float().double() if v.is_floating_point() else v for k, v in
                                 network.state_dict().items()})
        trained = [p for p in network.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(trained, lr=LEARNING_RATE, betas=(0.9, 0.999), eps=1e-8, amsgrad=True)
        losses = []
        for step in range(1, STEPS + 1):
            batch = (step - 1) % 2
            optimizer.zero_grad()
            heard = inputs[batch].double()
            output = run(network, heard if waveforms is None else (heard, waveforms[batch].double()))
            loss = nn.functional.binary_cross_entropy(output["clipwise_output"], targets[batch].double())
            loss.backward()
            if step == 1:
                for key, parameter in network.named_parameters():
                    if parameter.grad is not None and not key.startswith(FRONT_END_PREFIXES):
                        tensors[f"gradients/{key}"] = parameter.grad.float()
            optimizer.step()
            losses.append(loss.item())
            if step in kept:
                for key, value in network.state_dict().items():
                    if not key.startswith(FRONT_END_PREFIXES) and "bn_att" not in key:  # stored, never used
                        tensors[f"step{step}/{key}"] = value.float() if value.is_floating_point() else value.clone()
        tensors["losses"] = torch.tensor(losses, dtype=torch.float64)
        path = arguments.output / f"training-{name}.safetensors"
        save_file(tensors, path, metadata={
            "configuration": json.dumps(configuration), "generator": GENERATOR, "torch": torch.__version__,
            "seed": str(seed), "learning_rate": str(LEARNING_RATE), "steps": json.dumps(list(kept))})
        order_metadata(path)
        print(f"{path.name}: {path.stat().st_size} bytes, losses {losses[0]:.4f} … {losses[-1]:.4f}")


if __name__ == "__main__":
    main()
