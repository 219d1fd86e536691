"""Makes goldens of what is new in Keras 3.16, of which there are nightly builds.

    pip install keras-nightly jax
    KERAS_BACKEND=jax python next_release.py OUT

conformance/testdata/goldens/next holds them: for each model the file, its inputs and its answers.
"""
import json
import os
import sys

import jax
import keras
import numpy as np
from keras import layers as L
from keras import ops as O

jax.config.update("jax_default_matmul_precision", "highest")
rng = np.random.default_rng(16)


def normal(*shape):
    return rng.normal(size=shape).astype("f")


def functional(f, *shapes, dtype="float32"):
    xs = [keras.Input(s, dtype=dtype) for s in shapes]
    return keras.Model(xs if len(xs) > 1 else xs[0], f(*xs))


def ternary(mode=None, **kw):
    m = keras.Sequential([keras.Input((7,)), L.TernaryDense(11, activation="relu", **kw), L.TernaryDense(3, use_bias=False, **kw)])
    if mode:
        for layer in m.layers:
            layer.quantize(mode)
    return m


def dense(units=13):
    m = keras.Sequential([keras.Input((6,)), L.Dense(units, activation="tanh"), L.Dense(4)])
    m.quantize("ternary")
    return m



def cases():
    yield "ternary_dense", ternary(), [normal(4, 7)]
    yield "ternary_dense_threshold", ternary(threshold=0.2), [normal(4, 7)]
    yield "ternary_dense_frozen", ternary("ternary"), [normal(4, 7)]
    yield "ternary_dense_threshold_frozen", ternary("ternary", threshold=0.1), [normal(4, 7)]
    yield "ternary_dense_sequence", functional(lambda x: L.TernaryDense(5)(x), (3, 4)), [normal(2, 3, 4)]
    yield "dense_ternary", dense(), [normal(3, 6)]
    yield "column_stack", functional(lambda x, y: O.column_stack([x, y]), (3,), (2,)), [normal(4, 3), normal(4, 2)]
    yield "column_stack_of_vectors", functional(lambda x: O.column_stack([x[:, 0], x, x[:, 1]]), (2,)), [normal(4, 2)]
    a, x = np.meshgrid(np.array([1e-3, 0.3, 1, 2.5, 4, 7, 19, 40], "f"), np.array([0, 1e-4, 0.2, 1, 2.4, 8, 20, 38, 50, 1e6], "f"))
    yield "gammainc", functional(lambda a, x: O.gammainc(a, x), (8,), (8,)), [a, x]
    yield "gammainc_int", functional(lambda a, x: O.gammainc(a, x), (3,), (3,), dtype="int32"), [np.array([[1, 2, 3]], "i"), np.array([[0, 2, 9]], "i")]
    yield "lgamma", functional(lambda x: O.lgamma(x), (9,)), [np.array([[-3.3, -0.4, 1e-3, 0.5, 1, 1.7, 2, 8, 1e4]], "f")]
    yield "copysign", functional(lambda x, y: O.copysign(x, y), (3,), (3,)), [normal(2, 3), normal(2, 3)]
    yield "float_power", functional(lambda x: O.float_power(x, -2), (3,), dtype="int32"), [np.array([[1, 2, 5]], "i")]
    yield "cov", functional(lambda x: O.cov(x), (5,)), [normal(3, 5)]
    yield "matrix_power_3", functional(lambda x: O.linalg.matrix_power(x, 3), (3, 3)), [normal(2, 3, 3)]
    yield "matrix_power_0", functional(lambda x: O.linalg.matrix_power(x, 0), (3, 3)), [normal(2, 3, 3)]
    yield "matrix_power_minus_2", functional(lambda x: O.linalg.matrix_power(x, -2), (3, 3)), [normal(2, 3, 3) + 3 * np.eye(3, dtype="f")]
    yield "matrix_power_int", functional(lambda x: O.linalg.matrix_power(x, 5), (2, 2), dtype="int32"), [np.array([[[1, 2], [3, -4]]], "i")]
    patches = lambda size, **kw: lambda x: O.image.reconstruct_patches(x, size, **kw)
    yield "reconstruct_patches", functional(patches((2, 3)), (3, 2, 12)), [normal(2, 3, 2, 12)]
    yield "reconstruct_patches_same", functional(patches(3, output_size=(7, 8), padding="same"), (3, 3, 18)), [normal(2, 3, 3, 18)]
    yield "reconstruct_patches_first", functional(patches((2, 2), data_format="channels_first"), (8, 2, 3)), [normal(2, 8, 2, 3)]
    yield "reconstruct_patches_3d", functional(patches((1, 2, 2), output_size=(3, 3, 4), padding="same"), (3, 2, 2, 8)), [normal(1, 3, 2, 2, 8)]
    yield "there_and_back", functional(lambda x: O.image.reconstruct_patches(O.image.extract_patches(x, (4, 4)), (4, 4)), (8, 8, 2)), [normal(1, 8, 8, 2)]
    yield "mosaic", keras.Sequential([keras.Input((6, 6, 3)), L.Mosaic(), L.Conv2D(2, 3)]), [normal(2, 6, 6, 3)]
    yield "grouped_query", functional(lambda x: L.GroupQueryAttention(4, 4, 2)(x, x), (5, 6)), [normal(2, 5, 6)]
    yield "nested_layers", nested(), [normal(2, 4)]


def nested():
    """Sublayers in lists of lists, whose paths are new: those of the cells of a stack are in one."""
    x = keras.Input((4,))
    y = L.Reshape((2, 2))(x)
    y = L.RNN([L.LSTMCell(3), L.StackedRNNCells([L.GRUCell(2), L.SimpleRNNCell(2)])])(y)
    return keras.Model(x, y)


def classes(record):
    """The classes that a config names, as docs/coverage.md counts them."""
    if isinstance(record, list):
        return set().union(*map(classes, record))
    if not isinstance(record, dict):
        return set()
    own = {f"{record['module']}>{record['class_name']}"} if record.get("module") and record.get("class_name") else set()
    return own.union(*map(classes, record.values()))


def main():
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    manifest = []
    for name, m, xs in cases():
        for v in m.variables:
            if "dense" not in v.path and v.dtype == "float32":
                v.assign(rng.normal(size=v.shape).astype("f"))
        m.save(os.path.join(out, name + ".keras"))
        y = m(xs if len(xs) > 1 else xs[0], training=False)
        arrays = {f"input_{i}": v for i, v in enumerate(xs)}
        arrays |= {f"output_{i}": np.array(v) for i, v in enumerate(keras.tree.flatten(y))}
        np.savez(os.path.join(out, name + ".npz"), **arrays)
        manifest.append({"name": name, "covers": sorted(classes(json.loads(m.to_json())))})
        print(name, [v.shape for v in keras.tree.flatten(y)])
    with open(os.path.join(out, "manifest.json"), "w") as f:
        json.dump(manifest, f, indent=1)
        f.write("\n")


main()
