"""Computes the gradients of models with real Keras on JAX.

    python3 gradients.py

Each line of the standard input is a task, {"name", "model", "inputs", "out", "wide", "whole"}: a .keras file, an .npz with input_0
.., a path, whether to compute in float64, and whether to compile the model as one or op by op. Each gets one line of answer, as soon
as it is known: {"name", "failed"}. The gradients of the sum of all float outputs, in inference, go to the path as an .npz: input_0
.. for the inputs that are floats, and for the variables that are, in the order of model.weights, weight_0 ... "failed" says why
there are none.
"""
import gc
import json
import os
import re
import shutil
import sys
import tempfile
import zipfile

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")  # tiny models: compiling them takes longer than running them

results = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print is no answer

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras.src.backend.common import dtypes  # noqa: E402
from keras.src.initializers import random_initializers  # noqa: E402


def zeros(self, shape, dtype=None, **_):
    return jnp.asarray(np.zeros(shape, keras.backend.standardize_dtype(dtype)))


# Weights are read from the file: to draw them at random, JAX would compile a program for each of their shapes.
for kind in vars(random_initializers).values():
    if isinstance(kind, type) and issubclass(kind, random_initializers.RandomInitializer):
        kind.__call__ = zeros


def normalize(self, inputs):
    """Keras computes with constants that it makes of the variables; here they are made in the course of the call."""
    self.finalize_state()
    return normalization(self, inputs)


normalization = keras.layers.Normalization.call
keras.layers.Normalization.call = normalize


def attention_of_parts(layer):
    """JAX has attention in one piece only where keys and values are of one size: else it is to be made of its parts, as it is
    where weights are dropped, of which inference drops none."""
    if isinstance(layer, keras.layers.MultiHeadAttention) and layer._key_dim != layer._value_dim and not layer._dropout:
        layer._dropout = 1e-9
        layer._dropout_layer = lambda x, training=None: x


def pack(structure, leaves):
    if isinstance(structure, dict):
        packed = {key: pack(structure[key], leaves) for key in sorted(structure)}
        return {key: packed[key] for key in structure}
    if isinstance(structure, (list, tuple)):
        return type(structure)(pack(item, leaves) for item in structure)
    return leaves.pop(0)


def is_float(x):
    return jnp.issubdtype(x.dtype if hasattr(x, "dtype") else np.asarray(x).dtype, np.floating)


def tuples(operation):
    """JAX wants tuples where the settings of an operation name axes; in files they are lists."""
    if type(operation).__module__.startswith("keras.src.ops."):
        for name, setting in vars(operation).items():
            if isinstance(setting, list) and all(isinstance(item, int) for item in setting):
                setattr(operation, name, tuple(setting))


def changed(path, directory, wide):
    """The model with an optimizer that JAX knows and, if it is to be wide, in float64."""
    if os.path.isdir(path):
        return path
    if not zipfile.is_zipfile(path):
        return shutil.copy(path, os.path.join(directory, "changed.h5"))
    with zipfile.ZipFile(path) as archive:
        text = archive.read("config.json").decode()
        text = re.sub(r'"keras\.src\.backend\.torch\.optimizers\.[^"]*"', '"keras.optimizers"', text)
        if wide:
            text = text.replace('"float32"', '"float64"')
        out_path = os.path.join(directory, "changed.keras")
        with zipfile.ZipFile(out_path, "w") as out:
            for name in archive.namelist():
                out.writestr(name, text if name == "config.json" else archive.read(name))
    return out_path


def widen(wide):
    """Has Keras make float64 of float64 and float32: on JAX it makes float32 of them."""
    keras.config.set_floatx("float64" if wide else "float32")
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = keras.config.floatx()
    for known in vars(dtypes).values():
        if hasattr(known, "cache_clear"):
            known.cache_clear()


def gradients(path, arrays, directory, wide, whole):
    """The gradients of the inputs and the variables, by name."""
    keras.backend.clear_session(free_memory=False)
    widen(wide)
    model = keras.saving.load_model(changed(path, directory, wide), compile=False)
    for layer in model._flatten_layers():
        attention_of_parts(layer)
        for operation in getattr(layer, "operations", []):
            tuples(operation)
    x = [arrays["input_%d" % i] for i in range(len(arrays.files)) if "input_%d" % i in arrays.files]
    if wide:
        x = [a.astype("float64") if a.dtype == np.float32 else a for a in x]
    trainable, others = list(model.trainable_variables), list(model.non_trainable_variables)
    values = {id(v): v.value for v in trainable + others}
    inputs = {i: jnp.asarray(a) for i, a in enumerate(x) if a.dtype.kind == "f"}
    weights = {i: v.value for i, v in enumerate(model.weights) if is_float(v.value)}
    ids = {i: id(v) for i, v in enumerate(model.weights)}

    def total(inputs, weights):
        leaves = [inputs.get(i, a) for i, a in enumerate(x)]
        given = leaves[0] if isinstance(model, keras.Sequential) else pack(model._inputs_struct, leaves)
        current = dict(values)
        current.update({ids[i]: w for i, w in weights.items()})
        outputs, _ = model.stateless_call([current[id(v)] for v in trainable], [current[id(v)] for v in others], given, training=False)
        return sum([jnp.sum(y).astype(keras.config.floatx()) for y in keras.tree.flatten(outputs) if is_float(y)], jnp.zeros(()))

    function = jax.grad(total, argnums=(0, 1))
    d_inputs, d_weights = (jax.jit(function) if whole else function)(inputs, weights)
    kept = {}
    named = [("input_%d" % i, d) for i, d in d_inputs.items()]
    named += [("weight_%d" % k, d_weights[i]) for k, i in enumerate(weights)]
    for name, d in named:
        d = np.asarray(d)
        kept[name] = d if d.dtype in (np.float16, np.float32, np.float64) else d.astype(np.float32)
    return kept


def brief(error):
    text = re.sub(r"\x1b\[[0-9;]*m|0x[0-9a-f]+", "", str(error))
    return "%s: %s" % (type(error).__name__, " ".join(text.split())[:600])


def run(task, directory):
    result = {"name": task["name"], "failed": ""}
    wide = task["wide"]
    try:
        with jax.enable_x64(wide):
            kept = gradients(task["model"], np.load(task["inputs"]), directory, wide, task["whole"])
        np.savez(task["out"], **kept)
    except Exception as error:  # the test shows it
        result["failed"] = brief(error)
    return result


def main():
    gc.freeze()  # what the imports made stays
    with tempfile.TemporaryDirectory() as directory:
        for line in sys.stdin:
            print(json.dumps(run(json.loads(line), directory)), file=results, flush=True)


main()
