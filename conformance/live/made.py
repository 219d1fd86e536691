"""Loads models that were made in Go with real Keras, runs and summarises them, and saves them again.

    python3 made.py

Each line of the standard input is a task, {"name", "model", "inputs", "again", "out", "compiled"}: the path of a model, an .npz with
input_0 .. in flat order, a path to save the model to, and one for an .npz with output_0 .. and weight_0 .. . Each gets one line of
answer: {"problem", "inputs", "outputs", "paths", "summary"}: what went wrong, the structures of the inputs and the outputs with
null for each tensor, the paths of the weights, and the summary as lines.
"""
import json
import os
import re
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["COLUMNS"] = "200"  # wider than the summaries
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")  # tiny models: compiling them takes longer than running them

results = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print is no answer

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras.src.initializers import random_initializers  # noqa: E402

# Weights are read from the file: to draw them at random, JAX would compile a program for each of their shapes.
for kind in vars(random_initializers).values():
    if isinstance(kind, type) and kind.__module__ == random_initializers.__name__ and "__call__" in vars(kind):
        kind.__call__ = lambda self, shape, dtype=None, **_: keras.ops.convert_to_tensor(
            np.full(shape, 0.5), keras.backend.standardize_dtype(dtype))


def leaves(x):
    if isinstance(x, dict):
        return [leaf for key in sorted(x) for leaf in leaves(x[key])]
    if isinstance(x, (list, tuple)):
        return [leaf for item in x for leaf in leaves(item)]
    return [x]


def pack(structure, values):
    if isinstance(structure, dict):
        packed = {key: pack(structure[key], values) for key in sorted(structure)}
        return {key: packed[key] for key in structure}
    if isinstance(structure, (list, tuple)):
        return [pack(item, values) for item in structure]
    return values.pop(0)


def shape_of(x):
    if isinstance(x, dict):
        return {key: shape_of(x[key]) for key in sorted(x)}
    if isinstance(x, (list, tuple)):
        return [shape_of(item) for item in x]
    return None


def array(x):
    x = keras.ops.convert_to_tensor(x)
    if keras.backend.standardize_dtype(x.dtype) in ("bfloat16", "float16"):
        x = keras.ops.cast(x, "float32")
    return np.asarray(keras.ops.convert_to_numpy(x))


def run(task):
    try:
        keras.backend.clear_session(free_memory=False)
    except TypeError:  # before 3.2
        keras.backend.clear_session()
    model = keras.saving.load_model(task["model"], compile=task["compiled"])
    arrays = np.load(task["inputs"])
    values = [arrays["input_%d" % i] for i in range(len(arrays.files))]
    inner = model._functional if isinstance(model, keras.Sequential) else model
    structure = inner._inputs_struct
    outputs = model(pack(structure, list(values)), training=False)
    lines = []
    model.summary(line_length=120, expand_nested=True, show_trainable=True, print_fn=lambda s, line_break=True: lines.append(s))
    found = {"output_%d" % i: array(y) for i, y in enumerate(leaves(outputs))}
    found.update({"weight_%d" % i: array(w) for i, w in enumerate(model.weights)})
    np.savez(task["out"], **found)
    model.save(task["again"])
    return {"inputs": shape_of(structure), "outputs": shape_of(outputs), "paths": [w.path for w in model.weights],
            "summary": "\n".join(lines)}


def main():
    for line in sys.stdin:
        task = json.loads(line)
        try:
            result = run(task)
        except Exception as error:  # the test shows it
            text = re.sub(r"\x1b\[[0-9;]*m|0x[0-9a-f]+", "", str(error))
            text = " ".join(text.split())
            if len(text) > 1000:  # the cause stands at the end
                text = text[:150] + " ... " + text[-800:]
            result = {"problem": "%s: %s" % (type(error).__name__, text)}
        print(json.dumps(result), file=results, flush=True)


main()
