"""Makes the big models that horn is measured with, random weights, as .keras with a golden .npz beside them; with
--onnx also their ONNX twins, by the script keras_to_onnx.py that is given.

    KERAS_BACKEND=jax python make_models.py OUT [--onnx path/to/keras_to_onnx.py]
"""
import os
import subprocess
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")
import keras
import numpy as np
from keras import layers

out = sys.argv[1]
converter = sys.argv[sys.argv.index("--onnx") + 1] if "--onnx" in sys.argv else None
os.makedirs(out, exist_ok=True)
keras.utils.set_random_seed(7)
rng = np.random.default_rng(7)


def settle(model):
    """Gives normalizations statistics that keep activations in range, as training would."""
    for layer in model._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            n = layer.moving_mean.shape
            layer.moving_mean.assign(rng.normal(0, 0.1, n))
            layer.moving_variance.assign(rng.uniform(0.5, 1.5, n))
            if layer.gamma is not None:
                layer.gamma.assign(rng.uniform(0.5, 1.5, n))
            if layer.beta is not None:
                layer.beta.assign(rng.normal(0, 0.1, n))
    return model


def application(name):
    return lambda: settle(getattr(keras.applications, name)(weights=None, input_shape=(224, 224, 3)))


def bert(blocks=6, width=384, heads=6, length=128, vocabulary=8000):
    ids = keras.Input((length,), dtype="int32", name="ids")
    x = layers.Embedding(vocabulary, width)(ids)
    x = layers.LayerNormalization()(x)
    for _ in range(blocks):
        a = layers.MultiHeadAttention(heads, width // heads)(x, x)
        x = layers.LayerNormalization()(layers.Add()([x, a]))
        f = layers.Dense(width)(layers.Dense(4 * width, activation="gelu")(x))
        x = layers.LayerNormalization()(layers.Add()([x, f]))
    return keras.Model(ids, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling1D()(x)), name="bert_like")


def gru():
    x = keras.Input((100, 32), name="series")
    y = layers.GRU(128, return_sequences=True)(x)
    y = layers.GRU(128)(y)
    return keras.Model(x, layers.Dense(10)(y), name="gru2")


models = {
    "resnet50": application("ResNet50"),
    "efficientnet_b0": application("EfficientNetB0"),
    "densenet121": application("DenseNet121"),
    "mobilenet_v2_224": application("MobileNetV2"),
    "bert_like": bert,
    "gru2": gru,
}
for name, make in models.items():
    path = os.path.join(out, name)
    model = make()
    model.save(path + ".keras")
    for batch, suffix in ((1, ""), (8, "_b8")):
        inputs = {}
        for i, x in enumerate(model.inputs):
            shape = (batch,) + tuple(x.shape[1:])
            if "int" in str(x.dtype):
                inputs[f"input_{i}"] = rng.integers(0, 8000, shape).astype("int32")
            else:
                scale = 255 if "efficientnet" in name else 1
                inputs[f"input_{i}"] = (rng.uniform(0, 1, shape) * scale).astype("float32")
        answer = np.asarray(model.predict(list(inputs.values()), verbose=0))
        np.savez_compressed(path + suffix + ".npz", output_0=answer, **inputs)
    print(name, f"{model.count_params():,} parameters", flush=True)
    if converter:
        subprocess.run([sys.executable, converter, path + ".keras", path + ".onnx", path + ".npz"], check=True)
