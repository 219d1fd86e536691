"""Makes goldens of the layers that keras.applications defines for its own models.

    KERAS_BACKEND=jax JAX_ENABLE_X64=1 python applications.py GENERATE OUT

GENERATE is the folder of goldenlib.py (shared/goldens/generate). conformance/testdata/goldens/applications was made so.
"""
import sys

sys.path.insert(0, sys.argv[1])
import goldenlib
import keras
from keras import layers
from keras.src.applications.convnext import LayerScale, StochasticDepth
from keras.src.applications.inception_resnet_v2 import CustomScaleLayer


def convnext():
    x = keras.Input((9, 7, 6), name="image")
    y = layers.Conv2D(6, 3, padding="same", groups=6, name="depthwise")(x)
    y = layers.LayerNormalization(epsilon=1e-6)(y)
    y = layers.Dense(6)(layers.Activation("gelu")(layers.Dense(12)(y)))
    y = LayerScale(0.5, 6, name="layer_scale")(y)
    y = StochasticDepth(0.1, name="stochastic_depth")(y)
    return keras.Model(x, layers.Add()([x, y]), name="convnext_block")


def inception_resnet():
    x = keras.Input((8, 8, 4), name="image")
    y = CustomScaleLayer(0.17, name="custom_scale_layer")([x, layers.Conv2D(4, 1)(x)])
    return keras.Model(x, layers.Activation("relu")(y), name="inception_resnet_block")


def mixed_float16():
    x = keras.Input((5, 6))
    y = LayerScale(0.5, 6, dtype="mixed_float16")(x)
    return keras.Model(x, CustomScaleLayer(0.3, dtype="mixed_float16")([y, x]), name="mixed_float16")


group = goldenlib.Group(sys.argv[2], "applications")
group.add("convnext_block", convnext)
group.add("inception_resnet_block", inception_resnet)
group.add("mixed_float16", mixed_float16)
group.close()
