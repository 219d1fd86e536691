"""Loads model files with real Keras and compares them.

    python3 save_compare.py

Each line of the standard input is a task, {"name", "original", "copy", "inputs", "compile", "train"}: the paths of two
files that must hold the same model ("original" may be null), an .npz with input_0 .. or null, whether to load the compile
state, and whether to train both one batch more. Each gets one line of answer, as soon as it is known: {"name", "problem",
"unloaded", "failed", "untrained", "trained", "outputs"}. "problem" is "" or what differs, "unloaded" says why Keras does not
load the original, "failed" and "untrained" why both files alike do not run or train, and "outputs" has, where there is no
original or it does not load, what the copy computes, as nested lists.
"""
import gc
import itertools
import json
import os
import re
import sys
import tempfile
import zipfile

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")  # tiny models: compiling them takes longer than running them

results = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print is no answer

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras.src.initializers import random_initializers  # noqa: E402

count = itertools.count(1)


def numbered(self, shape, dtype=None, **_):
    return keras.ops.convert_to_tensor(np.full(shape, next(count) * 2.0**-10), keras.backend.standardize_dtype(dtype))


# Weights are read from the file, unless it misses some: to draw them at random, JAX would compile a program for each of their
# shapes. No two are alike, so that what is missing shows.
for kind in vars(random_initializers).values():
    if isinstance(kind, type) and kind.__module__ == random_initializers.__name__ and "__call__" in vars(kind):
        kind.__call__ = numbered


def flatten(x):
    if isinstance(x, dict):
        return [leaf for key in sorted(x) for leaf in flatten(x[key])]
    if isinstance(x, (list, tuple)):
        return [leaf for item in x for leaf in flatten(item)]
    return [numbers(x)]


def pack(structure, leaves):
    if isinstance(structure, dict):
        packed = {key: pack(structure[key], leaves) for key in sorted(structure)}
        return {key: packed[key] for key in structure}
    if isinstance(structure, (list, tuple)):
        return type(structure)(pack(item, leaves) for item in structure)
    return leaves.pop(0)


def forget():
    """Lets automatic names begin anew; without the collection of garbage, which would take longest."""
    try:
        keras.backend.clear_session(free_memory=False)
    except TypeError:  # before 3.2
        keras.backend.clear_session()


def load(path, compiled):
    forget()
    return keras.saving.load_model(path, compile=compiled)


def portable(path, directory):
    """A file whose optimizer has the name that all backends know, where it is named by a module that only torch's has."""
    if not zipfile.is_zipfile(path) or keras.config.backend() == "torch":
        return path
    with zipfile.ZipFile(path) as archive:
        config = archive.read("config.json")
        changed = re.sub(rb'"keras\.src\.backend\.torch\.optimizers\.[^"]*"', b'"keras.optimizers"', config)
        if changed == config:
            return path
        path = os.path.join(directory, "portable.keras")
        with zipfile.ZipFile(path, "w") as out:
            for name in archive.namelist():
                out.writestr(name, changed if name == "config.json" else archive.read(name))
    return path


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


def optimizer(model):
    return getattr(model, "optimizer", None)  # models that are not compiled have none


def answers(model, x):
    """The outputs of a call, or what went wrong: some operations do not run on some backends."""
    try:
        return flatten(model(x, training=False)), ""
    except Exception as error:
        return [], brief(error)


def brief(error):
    text = re.sub(r"\x1b\[[0-9;]*m|0x[0-9a-f]+", "", str(error))
    return "%s: %s" % (type(error).__name__, " ".join(text.split())[:1500])


def train(model, x, outputs):
    """Trains one batch. It returns the loss, or why the model cannot be trained."""
    keras.utils.set_random_seed(7)
    for layer in model._flatten_layers():
        for generator in getattr(layer, "_seed_generators", []):
            generator.state.assign(keras.ops.convert_to_tensor([1, 2], dtype=generator.state.dtype))
    why = ""
    # Targets as most losses take them, then class numbers.
    for shape in (lambda s: s, lambda s: s[:-1] + (1,), lambda s: s[:-1]):
        rng = np.random.RandomState(1)
        y = [rng.randint(0, 2, shape(np.shape(out))).astype("float32") for out in outputs]
        try:
            return numbers(model.train_on_batch(x, y if len(y) > 1 else y[0])), ""
        except Exception as error:
            why = why or brief(error)
    return None, why


def try_load(path, compiled):
    try:
        return load(path, compiled), ""
    except Exception as error:
        return None, brief(error)


def run(task, directory):
    result = {"problem": "", "unloaded": "", "failed": "", "untrained": "", "trained": False, "outputs": None}
    original = None
    if task["original"]:
        original, result["unloaded"] = try_load(portable(task["original"], directory), task["compile"])
    copy, problem = try_load(task["copy"], task["compile"])
    if problem:
        if problem != result["unloaded"]:
            result["problem"] = problem
        return result
    arrays = np.load(task["inputs"]) if task["inputs"] else None
    x = inputs_of(copy, arrays) if arrays is not None else None
    outputs, result["failed"] = answers(copy, x) if x is not None else ([], "")
    if original is None:
        result["outputs"] = [plain_list(y) for y in outputs]
        return result
    result["problem"] = compare(original, copy, x, outputs, result)
    if x is not None and optimizer(original) is not None and not result["problem"] and not result["failed"] and task["train"]:
        result["problem"] = compare_training(original, copy, x, outputs, result)
    return result


def plain_list(y):
    """Nested lists; JSON has no infinities and no NaN."""
    def plain(x):
        if isinstance(x, list):
            return [plain(item) for item in x]
        return x if np.isfinite(x) else str(x)
    return [] if y.dtype.kind in "SUO" else plain(np.asarray(y, dtype="float64").tolist())


def compare(original, copy, x, outputs, result):
    if plain(original.get_config()) != plain(copy.get_config()):
        return "the configs differ"
    problem = compare_variables("weights", original.weights, copy.weights)
    if problem:
        return problem
    if (optimizer(original) is None) != (optimizer(copy) is None):
        return "only one of the two has an optimizer"
    if optimizer(original) is not None:
        if plain(original.get_compile_config()) != plain(copy.get_compile_config()):
            return "the compile configs differ"
        problem = compare_variables("optimizer variables", original.optimizer.variables, copy.optimizer.variables)
        if problem:
            return problem
    if x is not None:
        want, why = answers(original, x)
        if why != result["failed"]:
            return "running gives %r, the original %r" % (result["failed"], why)
        if len(want) != len(outputs) or not all(same(p, q) for p, q in zip(want, outputs)):
            return "the answers differ"
    return ""


def compare_training(original, copy, x, outputs, result):
    a, why = train(original, x, outputs)
    b, result["untrained"] = train(copy, x, outputs)
    if why != result["untrained"]:
        return "training gives %r, the original %r" % (result["untrained"], why)
    if why:
        return ""
    result["trained"] = True
    if not np.allclose(a, b, rtol=1e-6, atol=1e-6, equal_nan=True):
        return "the loss is %s, the original's %s" % (b, a)
    return (compare_variables("weights after training", original.weights, copy.weights, 1e-6) or
            compare_variables("optimizer variables after training", original.optimizer.variables, copy.optimizer.variables, 1e-6))


def main():
    gc.freeze()  # what the imports made stays
    with tempfile.TemporaryDirectory() as directory:
        for line in sys.stdin:
            task = json.loads(line)
            try:
                result = run(task, directory)
            except Exception as error:  # the test shows it
                result = {"problem": "%s: %s" % (type(error).__name__, str(error)[:2000])}
            result["name"] = task["name"]
            print(json.dumps(result), file=results, flush=True)
            forget()


if __name__ == "__main__":
    main()
