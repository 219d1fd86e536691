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
import re
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
    return [keras.ops.convert_to_numpy(x)]


def pack(structure, leaves):
    if isinstance(structure, dict):
        packed = {key: pack(structure[key], leaves) for key in sorted(structure)}
        return {key: packed[key] for key in structure}
    if isinstance(structure, (list, tuple)):
        return type(structure)(pack(item, leaves) for item in structure)
    return leaves.pop(0)


def load(path, compiled):
    keras.backend.clear_session()  # automatic names begin anew
    return keras.saving.load_model(path, compile=compiled)


def inputs_of(model, arrays):
    x = [arrays["input_%d" % i] for i in range(len(arrays.files)) if "input_%d" % i in arrays.files]
    if isinstance(model, keras.Sequential):
        return x[0]
    return pack(model._inputs_struct, list(x))


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def numbers(variable):
    return np.asarray(keras.ops.convert_to_numpy(variable))


def compare_variables(kind, left, right, tolerance=0.0):
    if len(left) != len(right):
        return "%d %s, the original has %d" % (len(right), kind, len(left))
    for a, b in zip(left, right):
        x, y = numbers(a), numbers(b)
        if tolerance and x.shape == y.shape and np.allclose(x, y, rtol=tolerance, atol=tolerance, equal_nan=True):
            continue
        if str(a.dtype) != str(b.dtype) or not same(x, y):
            return "%s: %s differs" % (kind, a.path)
    return ""


def plain(config):
    """A config as JSON text, without the addresses of objects."""
    def default(x):
        if hasattr(x, "get_config"):
            return [type(x).__name__, x.get_config()]
        if isinstance(x, np.ndarray):
            return x.tolist()
        return re.sub(r"0x[0-9a-f]+", "", str(x))
    text = json.dumps(config, default=default, sort_keys=True)
    return re.sub(r'"shared_object_id": [0-9]+', "", text)


def answers(model, x):
    """The outputs of a call, or what went wrong: some operations do not run on some backends."""
    try:
        return flatten(model(x, training=False)), ""
    except Exception as error:
        return [], "%s" % type(error).__name__


def train(model, x, outputs):
    keras.utils.set_random_seed(7)
    for layer in model._flatten_layers():
        for generator in getattr(layer, "_seed_generators", []):
            generator.state.assign(keras.ops.convert_to_tensor([1, 2], dtype=generator.state.dtype))
    rng = np.random.RandomState(1)
    y = [rng.randint(0, 2, np.shape(out)).astype("float32") for out in outputs]
    try:
        model.train_on_batch(x, y if len(y) > 1 else y[0])
        return ""
    except Exception as error:
        return "%s: %s" % (type(error).__name__, str(error)[:200])


def run(task):
    copy = load(task["copy"], task["compile"])
    arrays = np.load(task["inputs"]) if task["inputs"] else None
    x = inputs_of(copy, arrays) if arrays is not None else None
    outputs, failed = answers(copy, x) if x is not None else ([], "")
    if not task["original"]:
        return {"problem": "", "failed": failed, "outputs": [np.asarray(y, dtype="float64").tolist() for y in outputs]}
    original = load(task["original"], task["compile"])
    if plain(original.get_config()) != plain(copy.get_config()):
        return {"problem": "the configs differ", "outputs": []}
    problem = compare_variables("weights", original.weights, copy.weights)
    compiled = task["compile"] and original.optimizer is not None
    if compiled:
        if copy.optimizer is None:
            return {"problem": "the copy has no optimizer", "outputs": []}
        problem = problem or compare_variables("optimizer variables", original.optimizer.variables, copy.optimizer.variables)
        if plain(original.get_compile_config()) != plain(copy.get_compile_config()):
            problem = problem or "the compile configs differ"
    if x is not None and not problem:
        want, why = answers(original, x)
        if why != failed:
            problem = "running gives %r, the original %r" % (failed, why)
        elif not all(same(p, q) for p, q in zip(want, outputs)):
            problem = "the answers differ"
    if x is not None and not problem and not failed and compiled and task["train"]:
        a, b = train(original, x, outputs), train(copy, x, outputs)
        if a != b:
            problem = "training gives %r, the original %r" % (b, a)
        else:
            problem = compare_variables("weights after training", original.weights, copy.weights, 1e-6)
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
