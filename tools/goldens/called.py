"""Makes models whose layers are called as in training, with what Keras's ways of calling a model answer.

    KERAS_BACKEND=jax python called.py OUT

conformance/testdata/called holds them. Beside NAME.keras stands NAME.npz: input_0 ..., then the answers of one copy in this order:
predicted (model.predict), called_0 and called_1 (two times model(x)), trained (model(x, training=True)); and variable_0 ..., what
the model's weights are then.
"""
import os
import sys

import keras
import numpy as np
from keras import layers as L

rng = np.random.default_rng(21)


def functional(f, *shapes, dtype="float32"):
    xs = [keras.Input(s, dtype=dtype) for s in shapes]
    return keras.Model(xs if len(xs) > 1 else xs[0], f(*xs))


def drop(seed=3, rate=0.5, **kw):
    return L.Dropout(rate, seed=seed, **kw)


def shared(x):
    layer = drop(5, 0.3)
    return L.Add()([layer(x, training=True), layer(x, training=True), layer(x)])


def nested(x):
    """What Keras's one call context makes of a model that is called after a layer with training=True."""
    inner = functional(lambda y: L.Dense(6)(drop(9)(y)), (6,))
    return inner(drop(4)(x, training=True))


def nested_off(x):
    inner = functional(lambda y: drop(9)(y, training=True), (6,))
    return inner(x, training=False)


def nested_on(x):
    inner = functional(lambda y: L.BatchNormalization()(drop(9)(y)), (6,))
    return inner(x, training=True)


def nested_sequential(x):
    inner = keras.Sequential([keras.Input((6,)), L.Dense(6), drop(7), L.BatchNormalization()])
    return inner(drop(8, 0.2)(x, training=True))


def twice(x):
    """A normalization that moves its statistics two times in a call."""
    bn = L.BatchNormalization(momentum=0.7)
    return L.Add()([bn(x, training=True), bn(L.Dense(6)(x), training=True)])


def masked(x):
    y = L.Masking()(x)
    return L.BatchNormalization(momentum=0.8)(y, training=True)


def frozen(x):
    bn = L.BatchNormalization()
    bn.trainable = False
    return bn(x, training=True)


def attention(x):
    y = L.MultiHeadAttention(2, 3, dropout=0.4, seed=1)(x, x, training=True)
    z = L.Attention(dropout=0.3, seed=2)([x, y], training=True)
    w = L.AdditiveAttention(dropout=0.3, seed=3)([x, y], training=True)
    v = L.GroupQueryAttention(3, 4, 2, dropout=0.25, seed=4)(x, x, training=True)
    return L.Concatenate()([y, z, w, v])


CASES = {
    "dropout": ((6,), lambda x: drop()(x, training=True)),
    "dropout_large": ((40, 50), lambda x: drop(123456789, 0.1)(x, training=True)),
    "dropout_all": ((6,), lambda x: drop(1, 1.0)(x, training=True)),
    "dropout_noise_shape": ((5, 4), lambda x: L.Dropout(0.4, noise_shape=(None, 1, 4), seed=8)(x, training=True)),
    "dropout_half": ((6,), lambda x: L.Dropout(0.4, seed=8, dtype="mixed_float16")(x, training=True)),
    "spatial_1d": ((5, 4), lambda x: L.SpatialDropout1D(0.5, seed=2)(x, training=True)),
    "spatial_2d": ((4, 3, 6), lambda x: L.SpatialDropout2D(0.5, seed=2)(x, training=True)),
    "spatial_2d_first": ((4, 3, 6), lambda x: L.SpatialDropout2D(0.5, data_format="channels_first", seed=2)(x, training=True)),
    "spatial_3d": ((2, 2, 3, 6), lambda x: L.SpatialDropout3D(0.5, seed=2)(x, training=True)),
    "alpha": ((7, 3), lambda x: L.AlphaDropout(0.3, seed=6)(x, training=True)),
    "alpha_noise_shape": ((7, 3), lambda x: L.AlphaDropout(0.3, noise_shape=(None, 7, 1), seed=6)(x, training=True)),
    "gaussian_dropout": ((50, 4), lambda x: L.GaussianDropout(0.3, seed=6)(x, training=True)),
    "gaussian_noise": ((50, 4), lambda x: L.GaussianNoise(0.3, seed=6)(x, training=True)),
    "gaussian_noise_half": ((50, 4), lambda x: L.GaussianNoise(0.3, seed=6, dtype="float16")(x, training=True)),
    "gaussian_noise_bfloat": ((50, 4), lambda x: L.GaussianNoise(0.3, seed=6, dtype="bfloat16")(x, training=True)),
    "shared": ((6,), shared),
    "not_asked": ((6,), lambda x: drop()(L.BatchNormalization()(x))),
    "nested": ((6,), nested),
    "nested_off": ((6,), nested_off),
    "nested_on": ((6,), nested_on),
    "nested_sequential": ((6,), nested_sequential),
    "batch_norm": ((4, 6), lambda x: L.BatchNormalization(momentum=0.9)(x, training=True)),
    "batch_norm_twice": ((6,), twice),
    "batch_norm_masked": ((5, 3), masked),
    "batch_norm_frozen": ((6,), frozen),
    "batch_norm_renorm": ((4, 6), lambda x: L.BatchNormalization(renorm=True, renorm_clipping={"rmax": 1.5, "rmin": 0.5, "dmax": 0.3})(x, training=True)),
    "time_distributed": ((3, 4), lambda x: L.TimeDistributed(drop(2))(x, training=True)),
    "time_distributed_norm": ((3, 4), lambda x: L.TimeDistributed(L.BatchNormalization())(x, training=True)),
    "attention": ((5, 8), attention),
}


def main(out):
    os.makedirs(out, exist_ok=True)
    for name, (shape, f) in CASES.items():
        m = functional(f, shape)
        m.set_weights([rng.normal(size=w.shape).astype("f") * 0.3 + 0.6 for w in m.weights])
        path = os.path.join(out, name + ".keras")
        m.save(path)
        m = keras.models.load_model(path)
        x = rng.normal(size=(4, *shape)).astype("f")
        if name == "batch_norm_masked":
            x[1, 2:] = 0
            x[3, 4:] = 0
        arrays = {"input_0": x, "predicted": m.predict(x, verbose=0)}
        for k in ("called_0", "called_1"):
            arrays[k] = m(x)
        arrays["trained"] = m(x, training=True)
        for i, w in enumerate(m.weights):
            arrays[f"variable_{i}"] = w.numpy()
        np.savez_compressed(os.path.join(out, name + ".npz"), **{k: np.asarray(v).astype("f") for k, v in arrays.items()})


if __name__ == "__main__":
    main(sys.argv[1])
