"""Is any network slower here than in ONNX Runtime and OpenVINO? One network after the other, systems in turns.

    python Benchmarks/peers/zoo.py --epanns-bench PATH [--networks cnn14,resnet38,…] [--rounds 4] [--json FILE]

For every network of Tools/reference/full_size.py that is named: ONNX Runtime fp32 and OpenVINO held to float32 beside
our fp32, with one thread and two, in an order shuffled every round (see peers.py). OpenVINO's default, which computes in
bf16 where the CPU can, and for AST PyTorch in bf16 stand beside our bf16. The last column is our fastest run by the
fastest run of the faster of the two at float32: below 1 we are faster.

The exit status is 1 where a network is slower than --allowed (1.05: what two runs of one program differ by) times that.
Each network's files are deleted again, unless --folder keeps them. Standard library only.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import peers

NETWORKS = (
    "cnn6", "cnn10", "cnn14", "epanns-50", "resnet38", "mobilenet-v1", "mobilenet-v2", "wavegram-logmel-cnn14",
    "erann-1-6", "erann-2-5", "mn04", "mn10", "ast-10", "ast-16",
)
FLOAT = (("onnxruntime", "fp32", ("network",)), ("openvino", "f32", ("network",)))
LESS = (("openvino", "default", ("network",)),)
TRANSFORMER = (("pytorch", "fp32", ("network",)), ("pytorch", "bf16", ("network",)))
OURS = (("fp32", ("network",)), ("bf16", ("network",)))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epanns-bench", required=True, metavar="PATH")
    parser.add_argument("--networks", default=",".join(NETWORKS), help="with commas between them")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--iterations", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--allowed", type=float, default=1.05)
    parser.add_argument("--folder", type=Path, help="keep and reuse models and inputs here, a folder a network")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    results, slower = {}, []
    for network in arguments.networks.split(","):
        with tempfile.TemporaryDirectory() as temporary:
            folder = (arguments.folder or Path(temporary)) / network
            folder.mkdir(parents=True, exist_ok=True)
            arguments.network = network
            peers.prepare(arguments.python, folder, network)
            systems = FLOAT + LESS + (TRANSFORMER if network.startswith("ast") else ())
            result = peers.throughput(arguments, folder, systems, OURS)
        results[network] = result
        if len(results) == 1:
            info = result["machine"]
            print(f"{info['cpu']}, {info['cores']} cores, {' '.join(info['features'])}; load {os.getloadavg()[0]:.1f}")
            print(f"{'network':22} {'thr':>3}  {'system':20} {'min ms':>9} {'median':>9}  ours / best float32 peer")
        rows = {(row["system"], row["threads"]): row for row in result["rows"]}
        for threads in arguments.threads:
            best = min(rows[f"{system} {variant}", threads]["min_ms"] for system, variant, _ in FLOAT)
            for (system, count), row in rows.items():
                if count != threads:
                    continue
                ratio = ""
                if system == f"{peers.OURS} fp32":
                    ratio = f"{row['min_ms'] / best:.2f}"
                    if row["min_ms"] > arguments.allowed * best:
                        slower.append((network, threads))
                        ratio += "  SLOWER"
                print(f"{network:22} {threads:3}  {system:20} {row['min_ms']:9.2f} {row['median_ms']:9.2f}  {ratio}",
                      flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
