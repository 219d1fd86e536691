"""Makes goldens of models that are wide enough for the compiler's large kernels: Winograd, fused attention, whole panels.

    KERAS_BACKEND=jax JAX_ENABLE_X64=1 python compiled.py GENERATE OUT

GENERATE is the folder of goldenlib.py (shared/goldens/generate). conformance/testdata/goldens/compiled was made so.
"""
import sys

sys.path.insert(0, sys.argv[1])
import goldenlib
import keras
from keras import layers


def residual():
    x = keras.Input((19, 14, 32))
    y = layers.Conv2D(48, 3, padding="same", use_bias=False)(x)
    y = layers.ReLU()(layers.BatchNormalization()(y))
    z = layers.BatchNormalization()(layers.Conv2D(48, 3, padding="same")(y))
    y = layers.ReLU(max_value=6.0)(layers.Add()([y, z]))
    y = layers.Conv2D(32, 3, activation="silu")(y)
    return keras.Model(x, layers.Add()([layers.Cropping2D(1)(x), y]))


def channels_first():
    x = keras.Input((32, 12, 11))
    y = layers.Conv2D(32, 3, padding="same", data_format="channels_first")(x)
    y = layers.ReLU()(layers.BatchNormalization(axis=1)(y))
    y = layers.Concatenate(axis=1)([x, layers.Add()([x, y])])
    y = layers.Conv2D(48, 1, strides=2, data_format="channels_first")(y)
    y = layers.MaxPooling2D(2, data_format="channels_first")(y)
    return keras.Model(x, layers.GlobalAveragePooling2D(data_format="channels_first")(y))


def encoder():
    x = keras.Input((37, 48))
    y = layers.LayerNormalization()(layers.Add()([x, layers.MultiHeadAttention(3, 16)(x, x)]))
    z = layers.Dense(48)(layers.Dense(96, activation="gelu")(y))
    return keras.Model(x, layers.LayerNormalization()(layers.Add()([y, z])))


def causal():
    x, memory = keras.Input((33, 32)), keras.Input((21, 32))
    y = layers.GroupQueryAttention(8, 4, 2)(x, x, use_causal_mask=True)
    y = layers.Add()([x, y])
    return keras.Model([x, memory], layers.MultiHeadAttention(4, 8)(y, memory))


def separable():
    x = keras.Input((20, 18, 24))
    y = layers.SeparableConv2D(72, 3, padding="same", activation="relu6")(x)
    y = layers.DepthwiseConv2D(5, strides=2, padding="same", activation="silu")(y)
    y = layers.Conv2D(40, 3, strides=2, padding="same", activation="tanh")(y)
    return keras.Model(x, layers.Dense(100, activation="softmax")(layers.Flatten()(layers.AveragePooling2D(2)(y))))


def recurrent():
    x = keras.Input((12, 40))
    y = layers.Bidirectional(layers.LSTM(48, return_sequences=True))(x)
    return keras.Model(x, layers.GRU(64)(y))


group = goldenlib.Group(sys.argv[2], "compiled")
for f in (residual, channels_first, encoder, causal, separable, recurrent):
    group.add(f.__name__, f, batch=3)
group.close()
