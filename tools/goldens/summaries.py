"""Records what Keras's Model.summary prints of small models, for the tests of nn/report.

    KERAS_BACKEND=jax python summaries.py nn/report/testdata/summaries.json

The file has the architectures of the models (to_json), and for each case the columns of the terminal, the arguments of summary and
the text. A compiled model has trained a step, so that its optimizer has all its variables; their number and bytes are in the case, for
they are no part of the architecture.
"""
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
from keras import layers


def mlp():
    return keras.Sequential([keras.Input((4,)), layers.Dense(8, activation="relu"), layers.Dense(3)], name="mlp")


def unbuilt():
    return keras.Sequential([layers.Dense(8), layers.Dropout(0.5), layers.Reshape((4, 2)), layers.SpatialDropout1D(0.5),
                             layers.MaxPooling1D(), layers.GlobalMaxPooling1D(), layers.Flatten(), layers.ELU(), layers.PReLU(),
                             layers.UnitNormalization(), layers.BatchNormalization(), layers.RepeatVector(2), layers.Masking(),
                             layers.UpSampling1D(), layers.AdaptiveMaxPooling1D(2), layers.ActivityRegularization(l1=0.1)], name="unbuilt")


def cnn():
    m = keras.Sequential(name="cnn")
    m.add(keras.Input((28, 28, 1)))
    for n in (16, 32):
        m.add(layers.Conv2D(n, 3, padding="same", use_bias=False))
        m.add(layers.BatchNormalization())
        m.add(layers.ReLU())
        m.add(layers.MaxPooling2D())
    m.add(layers.Flatten())
    m.add(layers.Dense(10, activation="softmax"))
    return m


def residual():
    x = keras.Input((None, 16), name="sequence")
    y = layers.Dense(16, name="first")(x)
    z = layers.Add(name="sum")([x, y])
    z = layers.LayerNormalization(name="norm")(z)
    return keras.Model(x, z, name="residual")


def shared():
    a, b = keras.Input((5,), name="left"), keras.Input((5,), name="right")
    twin = layers.Dense(4, name="twin")
    d = keras.ops.abs(twin(a) - twin(b))
    return keras.Model([a, b], [layers.Dense(1, name="score")(d), d], name="siamese")


def nested():
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(4, name="deep"), layers.Dense(2, name="deeper")], name="inner")
    core_in = keras.Input((2,))
    core = keras.Model(core_in, layers.Dense(3, name="core_dense")(core_in), name="core")
    x = keras.Input((6,), name="x")
    y = core(inner(x))
    m = keras.Model(x, layers.Dense(1, name="head")(y), name="nested")
    inner.trainable = False
    return m


def recurrent():
    x = keras.Input((7, 3), name="x")
    y, h, c = layers.LSTM(5, return_sequences=True, return_state=True, name="lstm")(x)
    y = layers.Bidirectional(layers.GRU(4), name="both_ways")(y)
    return keras.Model(x, [y, h, c], name="recurrent")


def attention():
    q, v = keras.Input((None, 8), name="query"), keras.Input((None, 8), name="value")
    y = layers.MultiHeadAttention(2, 4, name="attention")(q, v)
    y = layers.TimeDistributed(layers.Dense(3), name="each")(y)
    return keras.Model({"q": q, "v": v}, {"y": y}, name="attention_model")


def frozen():
    m = mlp()
    m.layers[0].trainable = False
    return m


def half():
    x = keras.Input((10,), dtype="int32", name="ids")
    y = layers.Embedding(1000, 16, dtype="float16", name="embedding")(x)
    y = layers.GlobalAveragePooling1D(name="pool")(y)
    return keras.Model(x, layers.Dense(2, name="out", dtype="bfloat16")(y), name="half")


def names():
    return keras.Sequential([keras.Input((3,)), layers.Dense(3, name="a_name_that_is_much_longer_than_the_column_that_it_stands_in"),
                             layers.Dense(123456, name="wide"), layers.Dense(1, name="with some words in it")],
                            name="a_model_with_a_name_that_is_so_long_that_the_title_above_its_table_goes_on_in_the_next_line")


def wide_names():
    return keras.Sequential([keras.Input((3,)), layers.Dense(3, name="\u5c64" * 25), layers.Dense(2, name="couche d\u2019\u00e9t\u00e9")],
                            name="x" + "\u5c64\u5c64\u5c64\u5c64 " * 3 + "\u5c64" * 60)


def large():
    return keras.Sequential([keras.Input((4096,)), layers.Dense(4096, name="a"), layers.Dense(30000, name="b")], name="large")


def compiled():
    m = mlp()
    m.compile("adam", "mse")
    m.fit(np.zeros((2, 4)), np.zeros((2, 3)), verbose=0)
    return m


def unused():
    x = keras.Input((3,), name="x")
    y = keras.Input((2,), name="ignored")
    return keras.Model([x, y], layers.Dense(2, name="d")(x), name="unused")


WIDE = {"line_length": 120}
CASES = [
    (mlp, 80, {}), (mlp, 200, {}), (mlp, 60, {}), (mlp, 80, {"line_length": 50}), (mlp, 80, {"show_trainable": True}),
    (unbuilt, 80, {}), (unbuilt, 80, {"show_trainable": True}), (cnn, 80, {}), (cnn, 120, {"show_trainable": True}),
    (residual, 80, {}), (residual, 200, {}), (residual, 120, {"show_trainable": True}), (shared, 80, {}), (shared, 200, WIDE),
    (nested, 80, {}), (nested, 120, {"expand_nested": True}), (nested, 120, {"expand_nested": True, "show_trainable": True}),
    (recurrent, 80, {}), (recurrent, 140, {"expand_nested": True}), (attention, 80, {}), (attention, 140, {"expand_nested": True}),
    (frozen, 80, {"show_trainable": True}), (half, 80, {}), (names, 80, {}), (names, 200, WIDE), (names, 50, {}), (large, 80, {}),
    (wide_names, 80, {}), (wide_names, 61, {}),
    (compiled, 80, {}), (unused, 80, {}), (unused, 120, {"show_trainable": True}),
    (mlp, 30, {}), (mlp, 40, {}), (mlp, 50, {"show_trainable": True}), (compiled, 30, {}), (shared, 40, {}), (shared, 60, {"show_trainable": True}),
    (residual, 60, {}), (frozen, 60, {"show_trainable": True}), (nested, 50, {"expand_nested": True}),
]


def main():
    models, cases = {}, []
    for make, columns, options in CASES:
        keras.utils.clear_session()
        model = make()
        os.environ["COLUMNS"] = str(columns)
        lines = []
        model.summary(print_fn=lambda s, line_break=True: lines.append(s), **options)
        name = make.__name__
        models[name] = model.to_json()
        case = {"model": name, "columns": columns, "options": options, "text": "\n".join(lines).split("\n")}
        if model.compiled:
            weights = model.optimizer.variables
            case["optimizer"] = {"Params": sum(int(np.prod(v.shape)) for v in weights),
                                 "Bytes": sum(int(np.prod(v.shape)) * np.dtype(v.dtype).itemsize for v in weights)}
        cases.append(case)
    with open(sys.argv[1], "w") as f:
        json.dump({"models": models, "cases": cases}, f, ensure_ascii=False, indent=1)
        f.write("\n")


main()
