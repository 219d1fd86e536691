"""Draws recurrent and attention models with random options and has Keras run them.

usage: sequence_cases.py FOLDER recurrent|attention COUNT SEED

Writes X.keras and X.npz pairs. Runs on Keras's numpy backend; what Keras itself refuses is drawn again.
"""

import os
import random
import sys
import warnings

os.environ["KERAS_BACKEND"] = "numpy"
warnings.simplefilter("ignore")

import keras
import numpy as np
from keras import layers as L

ACTIVATIONS = [None, "tanh", "sigmoid", "relu", "hard_sigmoid", "elu", "selu", "softplus", "softsign", "silu", "gelu",
               "softmax", "leaky_relu", "relu6", "hard_silu", "mish", "hard_tanh", "tanh_shrink"]
CELLS = {"simple": L.SimpleRNNCell, "lstm": L.LSTMCell, "gru": L.GRUCell}
LAYERS = {"simple": L.SimpleRNN, "lstm": L.LSTM, "gru": L.GRU}
STATES = {"simple": 1, "lstm": 2, "gru": 1}


class Draw:
    """One random model: its inputs with their values, and the choices."""

    def __init__(self, seed):
        self.r, self.rng = random.Random(seed), np.random.default_rng(seed)
        self.inputs, self.values = [], []
        self.batch = self.r.randint(1, 3)

    def input(self, shape, value, batch=None):
        t = keras.Input(shape=shape, batch_size=batch, dtype=str(value.dtype))
        self.inputs.append(t)
        self.values.append(value)
        return t

    def floats(self, *shape):
        return self.rng.normal(size=(self.batch, *shape)).astype("float32")

    def bools(self, *shape):
        return self.rng.random((self.batch, *shape)) < 0.65

    def activation(self, default):
        return default if self.r.random() < 0.5 else self.r.choice(ACTIVATIONS)

    def cell_arguments(self, kind):
        r = self.r
        a = dict(units=r.randint(1, 6), use_bias=r.random() < 0.8, activation=self.activation("tanh"),
                 dropout=r.choice([0, 0, 0.3]), recurrent_dropout=r.choice([0, 0, 0.2]), seed=r.choice([None, 3]))
        if kind != "simple":
            a["recurrent_activation"] = self.activation("sigmoid")
        if kind == "gru":
            a["reset_after"] = r.random() < 0.5
        if kind == "lstm":
            a["unit_forget_bias"] = r.random() < 0.5
        return a

    def recurrent_layer(self, loop):
        """A layer and the sizes of its states, nested where cells are stacked."""
        r, loop = self.r, dict(loop)
        if r.random() < 0.2 and not loop.get("unroll"):
            loop["zero_output_for_mask"] = True  # this backend forgets it when it unrolls
        how, kind = r.random(), r.choice(list(LAYERS))
        a = self.cell_arguments(kind)
        if how < 0.6:
            return LAYERS[kind](**a, **loop), [a["units"]] * STATES[kind]
        if how < 0.8:
            return L.RNN(CELLS[kind](**a), **loop), [a["units"]] * STATES[kind]
        cells, sizes = [], []
        for _ in range(r.randint(1, 3)):
            kind = r.choice(list(LAYERS))
            a = self.cell_arguments(kind)
            cells.append(CELLS[kind](**a))
            sizes.append([a["units"]] * STATES[kind])
        return L.RNN(cells, **loop), sizes


def flat(sizes):
    return [s for part in sizes for s in (part if isinstance(part, list) else [part])]


def sequence_layer(d, bidirectional):
    r = d.r
    time, features = r.randint(1, 6), r.randint(1, 4)
    length = None if r.random() < 0.4 else time
    loop = dict(return_sequences=r.random() < 0.5, return_state=r.random() < 0.4, go_backwards=r.random() < 0.3,
                unroll=length is not None and not bidirectional and r.random() < 0.15)
    stateful = not bidirectional and r.random() < 0.1
    batch = d.batch if stateful else None
    source, kwargs = r.choice(["plain", "plain", "masking", "embedding", "argument"]), {}
    if source == "embedding":
        x = d.input((length,), d.rng.integers(0, 4, (d.batch, time)).astype("int32"), batch)
        x = L.Embedding(4, features, mask_zero=True)(x)
    else:
        v = d.floats(time, features)
        if source == "masking":
            v[~d.bools(time)] = 0
        x = d.input((length, features), v, batch)
        if source == "masking":
            x = L.Masking()(x)
        if source == "argument":
            kwargs["mask"] = d.input((length,), d.bools(time), batch)
    if bidirectional:
        loop["return_state"] = loop["return_state"] and r.random() < 0.6
        forward, sizes = d.recurrent_layer({**loop, "go_backwards": False})
        mode, backward, more = r.choice(["concat", "sum", "mul", "ave", None]), None, sizes
        if r.random() < 0.35:
            backward, more = d.recurrent_layer({**loop, "go_backwards": True})
        layer, sizes = L.Bidirectional(forward, merge_mode=mode, backward_layer=backward), sizes + more
    else:
        layer, sizes = d.recurrent_layer({**loop, "stateful": stateful})
    if source == "plain" and r.random() < 0.25:
        states = iter([d.input((n,), d.floats(n), batch) for n in flat(sizes)])
        kwargs["initial_state"] = [[next(states) for _ in s] if isinstance(s, list) else next(states) for s in sizes]
    y = keras.tree.flatten(layer(x, **kwargs))
    if len(y) == 1 and len(y[0].shape) == 3 and r.random() < 0.3:  # who gets the mask
        after = r.choice([L.GRU(2), L.GlobalAveragePooling1D(), L.TimeDistributed(L.Dense(2)), L.LSTM(3, return_sequences=True)])
        y = [after(y[0])]
    return y


def conv_lstm(d):
    r = d.r
    rank, channels = r.choice([1, 1, 2, 3]), r.randint(1, 3)
    space, strides, first = [r.randint(3, 5) for _ in range(rank)], r.choice([1, 1, 2]), r.random() < 0.3
    dilation = 1 if strides > 1 else r.choice([1, 1, 2])
    shape = [channels, *space] if first else [*space, channels]
    time = r.randint(1, 4)
    layer = getattr(L, f"ConvLSTM{rank}D")(
        filters=r.randint(1, 3), kernel_size=[r.randint(1, 2 if dilation > 1 else 3) for _ in space], strides=strides,
        padding=r.choice(["valid", "same"]), dilation_rate=dilation, data_format="channels_first" if first else "channels_last",
        activation=d.activation("tanh"), recurrent_activation=d.activation("sigmoid"), use_bias=r.random() < 0.8,
        return_sequences=r.random() < 0.5, return_state=r.random() < 0.4, go_backwards=r.random() < 0.3)
    return keras.tree.flatten(layer(d.input((None if r.random() < 0.4 else time, *shape), d.floats(time, *shape))))


def one_cell(d):
    kind = d.r.choice(list(CELLS))
    a, features = d.cell_arguments(kind), d.r.randint(1, 4)
    x = d.input((features,), d.floats(features))
    states = [d.input((a["units"],), d.floats(a["units"])) for _ in range(STATES[kind])]
    return keras.tree.flatten(CELLS[kind](**a)(x, states))


def time_distributed(d):
    r = d.r
    time, features = r.randint(1, 5), r.randint(1, 4)
    shape, layer = r.choice([
        ((features,), lambda: L.Dense(3)), ((features,), L.LayerNormalization), ((features,), L.BatchNormalization),
        ((features,), lambda: L.Softmax(axis=r.choice([-1, 1]))), ((5, 4, features), lambda: L.Conv2D(2, 2)),
        ((3, features), lambda: L.LSTM(2, return_sequences=r.random() < 0.5)), ((3, features), L.Flatten),
        ((3, features), lambda: L.TimeDistributed(L.Dense(2))), ((features,), None)])
    if layer is None:
        a = keras.Input((features,))
        b, c = L.Dense(3, activation="relu")(a), L.Dense(3)(a)
        layer = lambda: keras.Model(a, r.choice([lambda: b + c, lambda: keras.ops.mean(b, axis=0, keepdims=True) + c])())
    return [L.TimeDistributed(layer())(d.input((None if r.random() < 0.4 else time, *shape), d.floats(time, *shape)))]


def recurrent(d):
    make = d.r.choice([lambda d: sequence_layer(d, False)] * 3 + [lambda d: sequence_layer(d, True)] * 2 + [conv_lstm, one_cell, time_distributed])
    return make(d)


def attention(d):
    r = d.r
    free = r.random() < 0.4  # unknown lengths
    queries, keys = r.randint(1, 5), r.randint(1, 5)

    def size(n):
        return None if free and n > 1 else n

    def sequence(n, features):
        if r.random() < 0.3:
            x = d.input((None if free else n,), d.rng.integers(0, 4, (d.batch, n)).astype("int32"))
            return L.Embedding(4, features, mask_zero=True)(x)
        x = d.input((None if free else n, features), d.floats(n, features))
        return L.Activation("linear")(x) if r.random() < 0.2 else x

    kind = r.choice(["multi", "multi", "axes", "group", "plain", "additive"])
    kwargs = {"return_attention_scores": True} if r.random() < 0.3 else {}
    if kind in ("plain", "additive"):
        dim = r.randint(1, 5)
        query = sequence(queries, dim)
        xs = [query, sequence(keys, dim)]
        if r.random() < 0.4:
            xs.append(d.input((None if free else keys, dim), d.floats(keys, dim)))
        if r.random() < 0.3:
            kwargs["mask"] = [d.input((None if free else n,), d.bools(n)) if r.random() < 0.5 else None for n in (queries, keys)]
        if r.random() < 0.3:
            kwargs["use_causal_mask"] = True
        common = dict(use_scale=r.random() < 0.5, dropout=r.choice([0, 0.2]))
        layer = L.AdditiveAttention(**common) if kind == "additive" else L.Attention(score_mode=r.choice(["dot", "concat"]), **common)
        y = layer(xs, **kwargs)
    else:
        options = dict(dropout=r.choice([0, 0, 0.3]), use_bias=r.random() < 0.7, use_gate=r.random() < 0.3)
        if kind == "axes":
            n = r.randint(2, 3)
            dims, dim = [r.randint(1, 3) for _ in range(n)], r.randint(1, 4)
            axes = r.choice([None, r.sample(range(1, n + 1), r.randint(1, n))])
            over = axes or list(range(1, n + 1))
            query = d.input((*dims, dim), d.floats(*dims, dim))
            others = [r.randint(1, 3) if i + 1 in over else s for i, s in enumerate(dims)]
            value = query
            if r.random() < 0.6:
                value = d.input((*others, dim), d.floats(*others, dim))
            else:
                others = dims
            if r.random() < 0.4:
                mask = [s for i, s in enumerate(dims) if i + 1 not in over] + [dims[a - 1] for a in over] + [others[a - 1] for a in over]
                kwargs["attention_mask"] = d.input(tuple(mask), d.bools(*mask))
            arguments = [query, value]
            options["attention_axes"] = [a - n - 2 for a in axes] if axes and r.random() < 0.3 else axes
        else:
            dim = r.randint(1, 6)
            query = sequence(queries, dim)
            arguments = [query, query] if r.random() < 0.4 else [query, sequence(keys, dim if kind == "group" else r.randint(1, 6))]
            if arguments[1] is query:
                keys = queries
            elif r.random() < 0.3:
                arguments.append(d.input((None if free else keys, 4), d.floats(keys, 4)))
            if r.random() < 0.3:
                shape, dtype = r.choice([(queries, keys), (1, keys), (queries, 1)]), r.choice(["bool", "int32", "float32"])
                mask = d.bools(*shape).astype(dtype)
                kwargs["attention_mask"] = d.input(tuple(size(n) for n in shape), mask * np.float32(r.choice([1, 0.3, 2])) if dtype == "float32" else mask)
            if r.random() < 0.3:
                kwargs["use_causal_mask"] = True
            options["sliding_window"] = r.choice([None, None, None, 1, 2, 3])
        if kind == "group":
            heads = r.randint(1, 3)
            layer = L.GroupQueryAttention(head_dim=r.randint(1, 4), num_query_heads=heads * r.randint(1, 3), num_key_value_heads=heads, **options)
        else:
            layer = L.MultiHeadAttention(num_heads=r.randint(1, 3), key_dim=r.randint(1, 4), value_dim=r.choice([None, 2, 3]),
                                         output_shape=r.choice([None, None, 3, (2, 3)]), **options)
        y = layer(*arguments, **kwargs)
    y = keras.tree.flatten(y)
    if r.random() < 0.3 and len(y[0].shape) == 3:
        y[0] = r.choice([L.GRU(2), L.GlobalAveragePooling1D(), lambda z: L.Add()([z, z])])(y[0])
    if kind in ("multi", "group") and r.random() < 0.2:  # has the query still its mask
        y.append(L.GlobalAveragePooling1D()(query))
    return y


def main(folder, what, count, seed):
    draw = {"recurrent": recurrent, "attention": attention}[what]
    made, attempt = 0, 0
    while made < count:
        attempt += 1
        if attempt > 4 * count + 20:
            sys.exit("Keras refuses nearly all that is drawn")
        keras.utils.clear_session()
        d = Draw(seed * 1_000_000 + attempt)
        try:
            model = keras.Model(d.inputs, draw(d))
            for v in model.weights:
                value = d.rng.normal(size=v.shape) * 0.4
                v.assign((value**2 + 0.5 if "variance" in v.path else value).astype("float32"))
            outputs = keras.tree.flatten(model(d.values if len(d.values) > 1 else d.values[0]))
        except (ValueError, IndexError, TypeError):
            continue
        if not all(np.isfinite(np.asarray(y)).all() and np.abs(np.asarray(y)).max(initial=0) < 50 for y in outputs):
            continue  # a recurrence that explodes says nothing
        path = os.path.join(folder, f"{what}_{seed}_{attempt}")
        model.save(path + ".keras")
        arrays = {f"input_{i}": v for i, v in enumerate(d.values)}
        np.savez(path + ".npz", **arrays, **{f"output_{i}": np.asarray(y) for i, y in enumerate(outputs)})
        made += 1


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
