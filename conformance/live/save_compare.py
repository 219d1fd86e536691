"""Loads model files with real Keras and compares them.

    python3 save_compare.py TASKS.json OUT.json

TASKS is a list of {"name", "original", "copy", "inputs", "compile"}: the paths of two
files that must hold the same model ("original" may be null), an .npz with input_0 ..
or null, and whether to load the compile state. OUT gets, for each, {"name", "problem",
"outputs"}: "" or what differs, and for tasks without an original the outputs of the
copy as nested lists.
"""
import json
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402


def flatten(x):
    if isinstance(x, dict):
        return [leaf for key in sorted(x) for leaf in flatten(x[key])]
    if isinstance(x, (list, tuple)):
        return [leaf for item in x for leaf in flatten(item)]
    return [np.asarray(x)]


def pack(structure, leaves):
    if isinstance(structure, dict):
        packed = {key: pack(structure[key], leaves) for key in sorted(structure)}
        return {key: packed[key] for key in structure}
    if isinstance(structure, (list, tuple)):
        return type(structure)(pack(item, leaves) for item in structure)
    return leaves.pop(0)


def load(path, compiled):
    return keras.saving.load_model(path, compile=compiled)


def inputs_of(model, arrays):
    x = [arrays["input_%d" % i] for i in range(len(arrays.files)) if "input_%d" % i in arrays.files]
    if isinstance(model, keras.Sequential):
        return x[0]
    return pack(model._inputs_struct, list(x))


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a.view(np.uint8) if a.dtype.kind == "V" else a, b, equal_nan=a.dtype.kind in "fc")


def compare_variables(kind, left, right):
    if len(left) != len(right):
        return "%d %s, the original has %d" % (len(right), kind, len(left))
    for a, b in zip(left, right):
        if a.dtype != b.dtype or not same(np.asarray(keras.ops.convert_to_numpy(a)), np.asarray(keras.ops.convert_to_numpy(b))):
            return "%s %s differs" % (kind, a.path)
    return ""


def train(model, x, outputs):
    rng = np.random.RandomState(1)
    shapes = [np.asarray(y).shape for y in outputs]
    y = [rng.rand(*shape).astype("float32") for shape in shapes]
    model.train_on_batch(x, y if len(y) > 1 else y[0])


def run(task):
    copy = load(task["copy"], task["compile"])
    arrays = np.load(task["inputs"]) if task["inputs"] else None
    x = inputs_of(copy, arrays) if arrays is not None else None
    outputs = flatten(copy.predict(x, verbose=0)) if x is not None else []
    if not task["original"]:
        return {"problem": "", "outputs": [np.asarray(y, dtype="float64").tolist() for y in outputs]}
    original = load(task["original"], task["compile"])
    problem = ""
    a, b = original.get_config(), copy.get_config()
    if json.dumps(a, default=str, sort_keys=True) != json.dumps(b, default=str, sort_keys=True):
        problem = "the configs differ"
    problem = problem or compare_variables("variables", original.variables, copy.variables)
    if task["compile"] and original.optimizer is not None:
        problem = problem or compare_variables("optimizer variables", original.optimizer.variables, copy.optimizer.variables)
        if original.get_compile_config() != copy.get_compile_config():
            problem = problem or "the compile configs differ"
    if x is not None and not problem:
        for p, q in zip(flatten(original.predict(x, verbose=0)), outputs):
            if not same(p, q):
                problem = "the answers differ"
    if x is not None and not problem and task["compile"] and original.optimizer is not None and task.get("train"):
        train(original, x, outputs)
        train(copy, x, outputs)
        problem = compare_variables("variables after training", original.variables, copy.variables)
    return {"problem": problem, "outputs": []}


def main():
    tasks = json.load(open(sys.argv[1]))
    results = []
    for task in tasks:
        try:
            result = run(task)
        except Exception as error:  # the test shows it
            result = {"problem": "%s: %s" % (type(error).__name__, str(error)[:2000]), "outputs": []}
        result["name"] = task["name"]
        results.append(result)
        keras.backend.clear_session()
    json.dump(results, open(sys.argv[2], "w"))


main()
