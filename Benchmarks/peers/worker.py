"""One system of the benchmark in its own process: waits for a line of JSON, runs, answers with a line of JSON.

Started by peers.py, which sets the thread count of the process through the environment before it starts. A request
is {"part": "network" | "front-end" | "road", "iterations": k}; the answer {"ms": […], "detail": {…}}. "network" is
log-mel to scores, "front-end" waveform to log-mel, "road" both. Only PyTorch has the last two. A worker that is not
asked sleeps in a read, so that many can live side by side while one works.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np


def pytorch(folder: Path, name: str, variant: str, threads: int, data):
    import torch

    from prepare import ScoresFromLogMel  # puts Tools/reference on the search path, too

    import networks

    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    network = networks.full_size_networks()[name]().eval()
    network.load_state_dict(torch.load(folder / f"{name}.pt", map_location="cpu", weights_only=True), strict=True)
    front_end = torch.nn.Sequential(network.spectrogram_extractor, network.logmel_extractor)
    waveform, log_mel = torch.from_numpy(data["waveform"])[None], torch.from_numpy(data["log_mel"])
    dtype = torch.bfloat16 if "bf16" in variant else torch.float32
    layout = torch.channels_last if "channels_last" in variant else torch.contiguous_format
    for child_name, child in network.named_children():
        if child_name not in ("spectrogram_extractor", "logmel_extractor"):
            child.to(dtype=dtype, memory_format=layout)

    scores_of = ScoresFromLogMel(network)
    if "frozen" in variant:  # batch norm folded, weights packed once for oneDNN: PyTorch at its best on this network
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TorchScript is deprecated in favour of compilation, which was no faster
            traced = torch.jit.trace(scores_of.eval(), log_mel.to(dtype=dtype, memory_format=layout))
            scores_of = torch.jit.optimize_for_inference(torch.jit.freeze(traced))

    def run_network(x):
        return scores_of(x.to(dtype=dtype, memory_format=layout)).float()

    parts = {
        "network": lambda: run_network(log_mel), "front-end": lambda: front_end(waveform),
        "road": lambda: run_network(front_end(waveform))}

    def guarded(part):
        def call():
            with torch.inference_mode():
                return parts[part]().numpy()
        return call

    detail = {"version": torch.__version__, "threads": torch.get_num_threads()}
    return {part: guarded(part) for part in parts}, detail


def onnxruntime(folder: Path, name: str, variant: str, threads: int, data):
    import onnxruntime as runtime

    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.execution_mode = runtime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = runtime.InferenceSession(folder / f"{name}.onnx", options, providers=["CPUExecutionProvider"])
    feed = {"log_mel": data["log_mel"]}
    return {"network": lambda: session.run(None, feed)[0]}, {"version": runtime.__version__, "threads": threads}


def openvino(folder: Path, name: str, variant: str, threads: int, data):
    import openvino as ov

    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1"}
    if variant == "f32":
        settings["INFERENCE_PRECISION_HINT"] = "f32"
    model = ov.Core().compile_model(folder / f"{name}.onnx", "CPU", settings)
    request, log_mel = model.create_infer_request(), data["log_mel"]
    ran = sorted({
        str(node.get_rt_info()["runtimePrecision"].astype(str)) for node in model.get_runtime_model().get_ops()
        if str(node.get_rt_info()["layerType"].astype(str)) == "Convolution"})
    detail = {
        "version": ov.__version__, "threads": model.get_property("INFERENCE_NUM_THREADS"),
        "precision_hint": str(model.get_property("INFERENCE_PRECISION_HINT").to_string()),
        "convolutions_ran_in": ran}
    return {"network": lambda: request.infer([log_mel])[0]}, detail


SYSTEMS = {"pytorch": pytorch, "onnxruntime": onnxruntime, "openvino": openvino}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="what prepare.py wrote")
    parser.add_argument("--network", default="epanns-50", help="as given to prepare.py")
    parser.add_argument("--system", choices=SYSTEMS, required=True)
    parser.add_argument("--variant", required=True, help="fp32, bf16, fp32-channels_last, default, f32, …")
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    data = dict(np.load(arguments.folder / "input.npz"))
    parts, detail = SYSTEMS[arguments.system](
        arguments.folder, arguments.network, arguments.variant, arguments.threads, data)
    difference = float(np.abs(np.asarray(parts["network"]()) - data["scores"]).max())
    detail["max_score_difference"] = difference
    # A system that computes something else is not a peer. bf16 on random weights: see full_size.py's own figures.
    if not difference < 0.1:
        raise SystemExit(f"{arguments.system} {arguments.variant}: scores differ by {difference}")
    for line in sys.stdin:
        request = json.loads(line)
        run = parts[request["part"]]
        milliseconds = []
        for _ in range(request["iterations"]):
            began = time.perf_counter()
            run()
            milliseconds.append((time.perf_counter() - began) * 1e3)
        print(json.dumps({"ms": milliseconds, "detail": detail}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
