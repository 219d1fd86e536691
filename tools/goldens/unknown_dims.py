"""Asks Keras which of the input lengths of each golden may be unknown, and what the model says and answers then.

    KERAS_BACKEND=jax python unknown_dims.py conformance/testdata/goldens conformance/testdata/unknown [GROUP ...]

Each model is made anew from its config with as many lengths null as Keras takes, and with its weights. Of each group two files
are written: GROUP.json, a line for each model: the batch shapes of its inputs, the output shape that summary() shows for each
layer, the shapes of the outputs and, where Keras runs, those of the inputs of another length; and GROUP.npz, the answers to
these. The inputs are those of the golden, repeated or cut off along each axis of unknown length. Answers of a model that Keras
on this backend does not answer as the golden has it are left out, and long answers are thinned out (see STRIDE).
"""
import io
import json
import os
import re
import sys
import zipfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
from keras.src.utils import summary_utils

# Models whose answers to other lengths are left out, and why.
UNANSWERED = {
    "ops/inv_solve": "a matrix of repeated rows has no inverse",
    "ops/solve_vector": "a matrix of repeated rows has no inverse",
    "ops/unstack": "Keras on JAX gives more parts than num",
    "ops/affine_transform_nearest": "places half way between pixels are rounded otherwise than by torch, which made the golden",
}
KEPT = 2000  # numbers of an output that are stored at most: those at multiples of STRIDE = ceil(size / KEPT)


def inputs_of(config):
    """Returns the configs of a model's input layers in the order of its inputs."""
    layers = config["config"]["layers"]
    if config["class_name"] == "Sequential":
        return [l["config"] for l in layers[:1] if l["class_name"] == "InputLayer"]
    named = {l["config"]["name"]: l["config"] for l in layers if l["class_name"] == "InputLayer"}
    names = []

    def walk(v):
        if isinstance(v, list) and len(v) == 3 and isinstance(v[0], str):
            names.append(v[0])
        elif isinstance(v, list):
            for x in v:
                walk(x)
        elif isinstance(v, dict):
            for k in sorted(v):
                walk(v[k])

    walk(config["config"]["input_layers"])
    return [named[n] for n in names]


def build(config, shapes, weights):
    """Returns the model with other batch shapes, None where Keras refuses."""
    config = json.loads(json.dumps(config))
    for c, s in zip(inputs_of(config), shapes):
        c["batch_shape"] = s
    if config["class_name"] == "Sequential" and config.get("build_config"):
        config["build_config"] = {"input_shape": shapes[0]}
    keras.utils.clear_session()
    try:
        model = keras.saving.deserialize_keras_object(config)
        have = model.get_weights()
        if [w.shape for w in have] != [w.shape for w in weights]:
            return None
        model.set_weights(weights)
        return model
    except Exception:
        return None


def shown(layer):
    """Returns the shapes that summary() shows, without colours and brackets."""
    text = re.sub(r"\[color\(\d+\)\]|\[/\]", "", summary_utils.format_layer_shape(layer))
    return ", ".join(re.findall(r"\([^()]*\)", text)) or text


def flat(v):
    return [np.asarray(x) for x in keras.tree.flatten(v)]


def resized(arrays, shapes, step, axes):
    """Changes the length of each unknown axis among axes (negative: from the end) by step, repeating from the start."""
    out = []
    for a, s in zip(arrays, shapes):
        for axis, d in enumerate(s):
            if 0 < axis < a.ndim and d is None and axis in [k if k >= 0 else k + a.ndim for k in axes]:
                n = a.shape[axis] + step if step > -100 else a.shape[axis] * 2
                if n < 2:
                    return None
                a = np.take(a, np.arange(n) % a.shape[axis], axis=axis)
        out.append(a)
    return out


def together(arrays, shapes, step, length):
    """Changes by step all unknown axes that have a length, in all inputs: what an op needs to be alike stays alike."""
    out = []
    for a, s in zip(arrays, shapes):
        for axis, d in enumerate(s):
            if d is None and axis < a.ndim and a.shape[axis] == length:
                a = np.take(a, np.arange(length + step) % length, axis=axis)
        out.append(a)
    return out


def answer(model, structure, arrays):
    if arrays is None:
        return None
    for layer in model._flatten_layers():
        for name in ("reset_state", "reset_states"):
            if getattr(layer, "stateful", False) and hasattr(layer, name):
                getattr(layer, name)()
    try:
        return flat(model(keras.tree.pack_sequence_as(structure, arrays), training=False))
    except Exception:
        return None


def close(a, b):
    if len(a) != len(b):
        return False
    for x, y in zip(a, b):
        if x.shape != y.shape or x.dtype.kind != y.dtype.kind or x.dtype.kind not in "iu" and x.dtype != y.dtype:
            return False  # JAX has integers of 32 bits where the goldens have 64: the numbers count
        if x.dtype.kind not in "fc":
            if not np.array_equal(x, y):
                return False
            continue
        x, y = x.astype("f8"), y.astype("f8")
        scale = max(1.0, float(np.max(np.abs(y[np.isfinite(y)]), initial=0)))
        if not np.allclose(x, y, rtol=0, atol=3e-6 * scale, equal_nan=True):
            return False
    return True


def case(path, name):
    with zipfile.ZipFile(path) as z:
        config = json.loads(z.read("config.json"))
    if config.get("class_name") not in ("Functional", "Sequential"):
        return None
    ins = inputs_of(config)
    if not ins or any(i.get("batch_shape") is None or i["dtype"] == "string" for i in ins):
        return None
    try:
        original = keras.saving.load_model(path, compile=False)
    except Exception:
        return None
    weights = original.get_weights()
    shapes = [list(i["batch_shape"]) for i in ins]
    places = [(i, k) for i, s in enumerate(shapes) for k, d in enumerate(s) if d is not None]
    if not places:
        return None
    best, model = [list(s) for s in shapes], None
    everything = [[None] * len(s) for s in shapes]
    model = build(config, everything, weights)
    if model is not None:
        best = everything
    else:
        for i, k in places:
            tried = [list(s) for s in best]
            tried[i][k] = None
            if (m := build(config, tried, weights)) is not None:
                best, model = tried, m
    if model is None:
        return None
    model = build(config, best, weights)
    record = {"name": name, "batch_shapes": best, "layers": {l.name: shown(l) for l in model.layers},
              "outputs": [list(x.shape) for x in keras.tree.flatten(model.outputs)]}
    answers = {}
    with np.load(path[:-6] + ".npz", allow_pickle=False) as z:
        arrays = [z[f"input_{i}"] if f"input_{i}" in z.files else None for i in range(len(ins))]
        golden = [z[f"output_{i}"] for i in range(sum(k.startswith("output_") for k in z.files))]
    if all(a is not None for a in arrays) and len(arrays) == len(model.inputs):
        structure = model._inputs_struct if hasattr(model, "_inputs_struct") else model.inputs[0]
        same = answer(model, structure, arrays)
        if same is not None and close(same, golden) and name not in UNANSWERED:
            # Last come the features: Keras runs some layers on another number of them, and the answers make no sense.
            ways = [(s, a) for a in ((-2, -3, -4), (-2, -3), (1,), (-2,), (1, 2, 3, 4), (-1,)) for s in (3, 1, 2, 4, -100, 5, -1)]
            lengths = sorted({d for a in arrays for d in a.shape if d > 1})
            others = [resized(arrays, best, step, axes) for step, axes in ways]
            others += [together(arrays, best, step, length) for length in lengths for step in (2, 1)]
            for other in others:
                if other is None or [a.shape for a in other] == [a.shape for a in arrays]:
                    continue
                got = answer(model, structure, other)
                if got is not None and all(g.dtype.kind in "fiub" and g.size > 0 for g in got):
                    record["inputs"] = [list(a.shape) for a in other]
                    record["answers"] = [list(g.shape) for g in got]
                    for i, g in enumerate(got):
                        answers[f"{name}/{i}"] = g.reshape(-1)[:: -(-g.size // KEPT)].astype(golden[i].dtype)
                    break
    return record, answers


def main():
    root, out = sys.argv[1:3]
    os.makedirs(out, exist_ok=True)
    for group in sys.argv[3:] or sorted(os.listdir(root)):
        paths = []
        for base, _, files in os.walk(os.path.join(root, group)):
            paths += [os.path.join(base, f) for f in files if f.endswith(".keras") and os.path.exists(os.path.join(base, f[:-6] + ".npz"))]
        records, answers = [], {}
        for path in sorted(paths):
            name = os.path.relpath(path, root)[:-6]
            try:
                got = case(path, name)
            except Exception as e:
                print(name, "failed:", type(e).__name__, str(e)[:200], flush=True)
                continue
            if got:
                records.append(got[0])
                answers.update(got[1])
                print(name, got[0]["batch_shapes"], got[0].get("inputs"), flush=True)
        with open(os.path.join(out, group + ".json"), "w") as f:
            f.write("[\n" + ",\n".join(json.dumps(r) for r in records) + "\n]\n")
        buf = io.BytesIO()
        np.savez_compressed(buf, **answers)
        with open(os.path.join(out, group + ".npz"), "wb") as f:
            f.write(buf.getvalue())


main()
