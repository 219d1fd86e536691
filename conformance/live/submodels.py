"""Compares models up to a layer: made by Keras, and saved by horn.

    python3 submodels.py

Each line of the standard input is a task, {"name", "original", "part", "layer", "inputs"}: a model, what horn saved of it up to
that layer, an .npz with input_0 ... The answer is {"problem", "failed"}: what differs, or why Keras does not run its own.
"""
import json
import os
import sys

import save_compare as base

import keras


def layers(model):
    return [(type(l).__name__, l.name) for l in model.layers]


def task(t, arrays):
    model = base.load(t["original"], False)
    x = base.inputs_of(model, arrays)
    try:
        ours = base.load(t["part"], False)
    except Exception as error:
        return {"problem": "it does not load: " + base.brief(error), "failed": ""}
    try:
        named = next(o for o in getattr(model, "operations", model.layers) if o.name == t["layer"])  # get_layer finds no keras.ops
        part = keras.Model(model.inputs, named.output)
        flat = base.flatten(x)
        want = base.flatten(part(flat if len(flat) > 1 else flat[0], training=False))
    except Exception as error:
        return {"problem": "", "failed": base.brief(error)}
    got = base.flatten(ours(flat if len(flat) > 1 else flat[0], training=False))
    if layers(part) != layers(ours):
        return {"problem": "the layers are %s, Keras has %s" % (layers(ours), layers(part)), "failed": ""}
    if len(got) != len(want) or not all(base.same(a, b) for a, b in zip(got, want)):
        return {"problem": "the answers differ", "failed": ""}
    return {"problem": "", "failed": ""}


if __name__ == "__main__":
    import numpy as np

    for line in sys.stdin:
        t = json.loads(line)
        answer = task(t, np.load(t["inputs"], allow_pickle=False))
        base.results.write(json.dumps(answer) + "\n")
        base.results.flush()
