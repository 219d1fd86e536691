"""Times one model at a time in ONNX Runtime or OpenVINO. bench-peers starts it and writes one JSON request a line:

    {"model": "m.onnx", "npz": "m.npz", "batch": 8, "threads": 2}     opens a model; the answer has the largest difference from output_0 ...
    {"seconds": 0.3}                                                  times single calls; the answer has their median and mean

    python peers.py onnxruntime|openvino
"""
import json
import statistics
import sys
import time

import numpy as np


def series(arrays, prefix, batch):
    """The arrays prefix_0, prefix_1, ..., their first batch rows each."""
    out = []
    while f"{prefix}_{len(out)}" in arrays:
        out.append(np.ascontiguousarray(arrays[f"{prefix}_{len(out)}"][:batch]))
    return out


class OnnxRuntime:
    def __init__(self):
        import onnxruntime
        self.library = onnxruntime
        self.version = "ONNX Runtime " + onnxruntime.__version__

    def open(self, model, inputs, threads):
        """Returns a call without arguments, and another that gives its outputs. Inputs and outputs stay where they are between calls."""
        options = self.library.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.execution_mode = self.library.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = self.library.GraphOptimizationLevel.ORT_ENABLE_ALL
        session = self.library.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        binding = session.io_binding()
        for port, array in zip(session.get_inputs(), inputs):
            binding.bind_cpu_input(port.name, array)
        feeds = {port.name: array for port, array in zip(session.get_inputs(), inputs)}
        for port, array in zip(session.get_outputs(), session.run(None, feeds)):
            value = self.library.OrtValue.ortvalue_from_numpy(array)
            binding.bind_ortvalue_output(port.name, value)
        return lambda: session.run_with_iobinding(binding), binding.copy_outputs_to_cpu


class OpenVINO:
    def __init__(self):
        import openvino
        self.library = openvino
        self.version = "OpenVINO " + openvino.__version__.split("-")[0]

    def open(self, model, inputs, threads):
        core = self.library.Core()
        m = core.read_model(model)
        m.reshape({port: list(array.shape) for port, array in zip(m.inputs, inputs)})  # fixed shapes: the best that it can do
        compiled = core.compile_model(m, "CPU", {
            "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1})
        request = compiled.create_infer_request()
        self.kept = [self.library.Tensor(array, shared_memory=True) for array in inputs]
        for i, tensor in enumerate(self.kept):
            request.set_input_tensor(i, tensor)

        def outputs():
            return [request.get_output_tensor(i).data for i in range(len(compiled.outputs))]
        return lambda: request.infer(share_inputs=True, share_outputs=True), outputs


def measure(run, seconds):
    times = []
    begin = time.perf_counter_ns()
    last = begin
    while len(times) < 3 or last - begin < seconds * 1e9:
        run()
        now = time.perf_counter_ns()
        times.append(now - last)
        last = now
    return {"median_ns": statistics.median(times), "mean_ns": (last - begin) / len(times), "calls": len(times)}


def main():
    peer = {"onnxruntime": OnnxRuntime, "openvino": OpenVINO}[sys.argv[1]]()
    print(json.dumps({"version": peer.version}), flush=True)
    run = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "seconds" in request:
                answer = measure(run, request["seconds"])
            else:
                arrays = np.load(request["npz"])
                run = None  # ends the threads of the model before
                run, outputs = peer.open(request["model"], series(arrays, "input", request["batch"]), request["threads"])
                run()
                differences = [float(np.max(np.abs(got.astype("float64") - want)))
                               for got, want in zip(outputs(), series(arrays, "output", request["batch"]))]
                answer = {"difference": max(differences, default=0)}
        except Exception as e:
            answer = {"failure": f"{type(e).__name__}: {e}".strip().splitlines()[0]}
        print(json.dumps(answer), flush=True)


main()
