"""Asks Keras what its elementwise functions are at the edges of numbers: infinities, NaN, huge and tiny numbers, the ends of
integers, bools. Also what its functions of whole arrays make of integers and bools, which is mostly a matter of types.

    KERAS_BACKEND=jax python edges.py jax.pickle
    KERAS_BACKEND=tensorflow python edges.py tensorflow.pickle
    python edges.py conformance/testdata/edges jax.pickle tensorflow.pickle

The last run brings the answers of the backends together: manifest.json has for each function the layer as Keras saves it,
and for each type of its inputs and each backend the type, place and shape of the answer; edges.npz has the inputs and,
for each type, all answers in one array. Where a backend refuses an input there is no answer.
"""
import json
import os
import pickle
import sys
import warnings

import ml_dtypes
import numpy as np

warnings.simplefilter("ignore")
inf, nan = np.inf, np.nan
FLOATS = [-inf, -3e38, -1e30, -1e10, -1e5, -400, -100, -20, -6, -3, -1, -0.5, -0.2, -1e-6, -1e-30, -0.0,
          0.0, 1e-30, 1e-6, 0.2, 0.5, 1, 3, 6, 20, 100, 400, 1e5, 1e10, 1e30, 3e38, inf, nan]
PAIRS = [-inf, -1e30, -7.5, -1, -0.0, 0.0, 0.5, 1, 3, 1e30, inf, nan]
INTS = [-2**31, -70000, -200, -7, -6, -3, -2, -1, 0, 1, 2, 3, 6, 7, 200, 70000, 2**31 - 1]
HALF = [v if not 65504 < abs(v) < inf else float(np.copysign(65504, v)) for v in FLOATS]
EDGES = {
    "float32": np.array(FLOATS, "f"), "float16": np.array(HALF, "e"), "bfloat16": np.array(FLOATS).astype(ml_dtypes.bfloat16),
    "int32": np.array(INTS, "i"), "int8": np.array([-128, -7, -6, -3, -2, -1, 0, 1, 2, 3, 6, 7, 100, 127], "b"),
    "uint8": np.array([0, 1, 2, 3, 6, 7, 100, 128, 255], "B"), "bool": np.array([False, True]),
}
FEW = {
    "float32": np.array(PAIRS, "f"), "float16": np.array([65504 if abs(v) == 1e30 else v for v in PAIRS], "e"),
    "int32": np.array([-2**31, -7, -2, -1, 0, 1, 2, 5, 2**31 - 1], "i"), "uint8": np.array([0, 1, 2, 200, 255], "B"),
    "bool": np.array([False, True]),
}
SMALL = {k: np.array([[1, 2, 6], [0, 1, 1]]).astype(v.dtype) for k, v in EDGES.items()}


def cases():
    """name -> (function, inputs by type, how many of them)"""
    import keras
    from keras import layers as L
    from keras import ops as O

    out = {}
    for name in ("elu relu relu6 selu celu softplus softsign tanh sigmoid exponential hard_sigmoid linear leaky_relu silu gelu log_sigmoid mish "
                 "hard_silu hard_tanh hard_shrink soft_shrink squareplus tanh_shrink sparse_plus sparse_sigmoid").split():
        out["activation " + name] = L.Activation(name), EDGES, 1
    for name in ("celu elu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu log_sigmoid relu relu6 selu sigmoid silu soft_shrink softplus "
                 "softsign sparse_plus sparse_sigmoid squareplus tanh_shrink absolute arccos arccosh arcsin arcsinh arctan arctanh cbrt ceil "
                 "cos cosh deg2rad exp exp2 expm1 floor i0 angle isfinite isinf isnan isneginf isposinf log log10 log1p log2 "
                 "logical_not negative rad2deg reciprocal round sign signbit sin sinc sinh sqrt square tan tanh trunc nan_to_num "
                 "bitwise_invert erf erfc erfinv rsqrt real imag conjugate").split():
        if hasattr(O, name):
            out[name] = getattr(O, name), EDGES, 1
    one = lambda name, f: out.__setitem__(name, (f, EDGES, 1))
    one("gelu exact", lambda x: O.gelu(x, approximate=False))
    one("gelu tanh", lambda x: O.gelu(x, approximate=True))
    one("celu 0.5", lambda x: O.celu(x, alpha=0.5))
    one("elu 0.5", lambda x: O.elu(x, alpha=0.5))
    one("leaky_relu 0.1", lambda x: O.leaky_relu(x, negative_slope=0.1))
    one("hard_shrink 2", lambda x: O.hard_shrink(x, threshold=2.0))
    one("soft_shrink 2", lambda x: O.soft_shrink(x, threshold=2.0))
    one("squareplus 0", lambda x: O.squareplus(x, b=0))
    one("threshold", lambda x: O.threshold(x, 1.0, -2.0))
    one("threshold of halves", lambda x: O.threshold(x, 0.5, 1.5))
    one("clip", lambda x: O.clip(x, 1, 3))
    one("clip of halves", lambda x: O.clip(x, -0.5, 3.5))
    one("round 1", lambda x: O.round(x, 1))
    one("round -1", lambda x: O.round(x, -1))
    one("layer relu", L.ReLU(max_value=2.5, negative_slope=0.25, threshold=1))
    one("layer relu max", L.ReLU(max_value=6))
    one("layer leaky_relu", L.LeakyReLU(negative_slope=0.1))
    one("layer elu", L.ELU(alpha=0.5))
    one("layer prelu", L.PReLU(alpha_initializer=keras.initializers.Constant(0.25), shared_axes=None))
    small = lambda name, f: out.__setitem__(name, (f, SMALL, 1))
    for name in "softmax log_softmax sparsemax rms_normalization layer_normalization normalize logsumexp cumsum cumprod".split():
        small(name, getattr(O, name))
    small("glu", lambda x: O.glu(O.reshape(x, (-1, 2)), axis=-1))
    small("normalize 1", lambda x: O.normalize(x, order=1))
    small("normalize 3", lambda x: O.normalize(x, order=3))
    small("batch_normalization", lambda x: O.batch_normalization(x, np.array([0, 1, 2], "f"), np.array([1, 2, 3], "f"), axis=-1))
    for name in "mean std var median sum prod max min argmax any all average norm count_nonzero nansum nanmean".split():
        if hasattr(O, name):
            small(name, lambda x, f=getattr(O, name): f(x, axis=-1))
    small("quantile", lambda x: O.quantile(x, 0.5, axis=-1))
    small("moments", lambda x: O.moments(x, [-1])[1])
    small("max_pool", lambda x: O.max_pool(O.expand_dims(x, -1), (2,), (1,)))
    small("average_pool", lambda x: O.average_pool(O.expand_dims(x, -1), (2,), (1,)))
    small("one_hot", lambda x: O.one_hot(x, 4))
    small("trapezoid", lambda x: O.trapezoid(x, axis=-1))
    small("diff", lambda x: O.diff(x, axis=-1))
    small("matmul", lambda x: O.matmul(O.expand_dims(x, 1), O.expand_dims(x, -1)))
    small("einsum", lambda x: O.einsum("bi,bj->bij", x, x))
    small("binary_crossentropy", lambda x: O.binary_crossentropy(x, x))
    for name in ("add subtract multiply divide true_divide floor_divide mod fmod power maximum minimum fmax fmin arctan2 hypot logaddexp heaviside "
                 "copysign nextafter ldexp equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor bitwise_and "
                 "bitwise_or bitwise_xor left_shift right_shift divide_no_nan logaddexp2 float_power").split():
        if hasattr(O, name):
            out[name] = getattr(O, name), FEW, 2
    return out


def ask(path):
    import keras

    answers = {}
    for name, (f, inputs, n) in cases().items():
        record = None
        for dtype, x in inputs.items():
            args = [x] if n == 1 else [np.repeat(x, len(x)), np.tile(x, len(x))]
            if inputs is EDGES:
                args = [x[None]]
            try:
                layer = type(f).from_config(f.get_config()) if isinstance(f, keras.Layer) else f
                y = np.array(keras.ops.convert_to_numpy(layer(*(keras.ops.convert_to_tensor(a, dtype) for a in args))))
            except Exception as e:
                print(name, dtype, str(e).splitlines()[0][:100])
                continue
            answers[name, dtype] = y
            if record is None:
                symbols = [keras.Input(a.shape[1:], dtype=dtype, name=f"in{i}") for i, a in enumerate(args)]
                record = json.loads(keras.Model(symbols, layer(*symbols)).to_json())
        if record:
            answers[name] = next(d for d in inputs if (name, d) in answers), record["config"]
    answers["version"] = keras.version()
    with open(path, "wb") as out:
        pickle.dump(answers, out)


def untyped(node, dtype):
    """Lets the symbolic tensors of the type that was asked first have any: the test puts it in."""
    if isinstance(node, list):
        return [untyped(v, dtype) for v in node]
    if isinstance(node, dict):
        if node.get("class_name") == "__keras_tensor__" and node["config"]["dtype"] == dtype:
            node["config"]["dtype"] = "DTYPE"
            return node
        return {k: untyped(v, dtype) for k, v in node.items()}
    return node


# What only JAX answers, and nobody would want: unsigned numbers compared with -1, quotients of integers and 0, whole numbers to
# negative powers, and arithmetic of bools.
LEFT_OUT = {("hard_tanh", "uint8"), ("activation hard_tanh", "uint8"), ("softmax", "uint8"), ("max_pool", "bool"), ("power", "int32"),
            ("floor_divide", "int32"), ("floor_divide", "uint8"), ("floor_divide", "bool"), ("left_shift", "bool"), ("right_shift", "bool"), ("fmod", "bool")}


def merge(folder, paths):
    os.makedirs(folder, exist_ok=True)
    backends = {}
    for p in paths:
        with open(p, "rb") as f:
            backends[os.path.basename(p).split(".")[0]] = pickle.load(f)
    first = next(iter(backends.values()))
    stored = lambda a: a.view(np.uint16) if a.dtype == ml_dtypes.bfloat16 else a
    arrays, flat, records = {}, {}, []
    for kind, inputs in ("edges", EDGES), ("few", FEW), ("small", SMALL):
        for dtype, x in inputs.items():
            arrays[f"{kind}/{dtype}"] = stored(x)
    for name, (_, inputs, n) in cases().items():
        if name not in first:
            continue
        kind = "few" if inputs is FEW else "small" if inputs is SMALL else "edges"
        answers = {}
        for dtype in inputs:
            of = {}
            for backend, a in backends.items():
                if (name, dtype) not in a or (name, dtype) in LEFT_OUT:
                    continue
                y = a[name, dtype]
                list_ = flat.setdefault(str(y.dtype), [])
                of[backend] = [str(y.dtype), sum(len(v) for v in list_), list(y.shape)]
                list_.append(stored(y).ravel())
            if of:
                answers[dtype] = of
        dtype, config = first[name]
        layers = [l for l in config["layers"] if l["class_name"] != "InputLayer"]
        for layer in layers:
            layer["inbound_nodes"] = untyped(layer["inbound_nodes"], dtype)
        records.append({"name": name, "inputs": kind, "count": n, "layers": layers, "output": config["output_layers"], "answers": answers})
    for dtype, list_ in flat.items():
        arrays["answers/" + dtype] = np.concatenate(list_)
    np.savez_compressed(os.path.join(folder, "edges.npz"), **arrays)
    with open(os.path.join(folder, "manifest.json"), "w") as f:
        f.write('{"keras": %s, "records": [\n' % json.dumps(first["version"]) + ",\n".join(json.dumps(r) for r in records) + "\n]}\n")
    print(len(records), "functions,", sum(len(r["answers"]) for r in records), "of a type")


if __name__ == "__main__":
    if len(sys.argv) == 2:
        ask(sys.argv[1])
    else:
        merge(sys.argv[1], sys.argv[2:])
