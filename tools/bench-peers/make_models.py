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


def application(name, size=224, **options):
    return lambda: settle(getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), **options))


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


def cifar_resnet(blocks=3):
    x = keras.Input((32, 32, 3))
    y = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(16, 3, padding="same")(x)))
    for width in (16, 32, 64):
        for i in range(blocks):
            strides = 2 if i == 0 and width > 16 else 1
            z = layers.Conv2D(width, 3, strides=strides, padding="same")(y)
            z = layers.ReLU()(layers.BatchNormalization()(z))
            z = layers.BatchNormalization()(layers.Conv2D(width, 3, padding="same")(z))
            if y.shape[-1] != width:
                y = layers.Conv2D(width, 1, strides=strides)(y)
            y = layers.ReLU()(layers.Add()([y, z]))
    return settle(keras.Model(x, layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(y))))


def vgg_small():
    x = y = keras.Input((64, 64, 3))
    for width in (32, 64, 128, 256):
        for _ in range(2):
            y = layers.Conv2D(width, 3, padding="same", activation="relu")(y)
        y = layers.MaxPooling2D()(y)
    y = layers.Dense(512, activation="relu")(layers.Flatten()(y))
    return keras.Model(x, layers.Dense(10, activation="softmax")(y))


def bilstm():
    x = keras.Input((60,), dtype="int32")
    y = layers.Embedding(8000, 100)(x)
    y = layers.Bidirectional(layers.LSTM(128, return_sequences=True))(y)
    y = layers.Bidirectional(layers.LSTM(64))(y)
    return keras.Model(x, layers.Dense(5, activation="softmax")(y))


def lstm_stack():
    x = keras.Input((50, 8))
    y = layers.LSTM(32)(layers.LSTM(64, return_sequences=True)(x))
    return keras.Model(x, layers.Dense(1)(y))


def audio():
    x = y = keras.Input((4000, 1))
    for width, size, strides in ((32, 9, 4), (64, 7, 2), (64, 5, 2), (128, 3, 2), (128, 3, 1)):
        y = layers.Conv1D(width, size, strides=strides, padding="same")(y)
        y = layers.ReLU()(layers.BatchNormalization()(y))
    return settle(keras.Model(x, layers.Dense(35, activation="softmax")(layers.GlobalAveragePooling1D()(y))))


def dense_stack(width, widths, out, activation):
    def make():
        x = y = keras.Input((width,))
        for w in widths:
            y = layers.Dense(w, activation=activation)(y)
        return keras.Model(x, layers.Dense(out)(y))
    return make


def vit(blocks=4, width=192, heads=3):
    x = keras.Input((96, 96, 3))
    y = layers.Reshape((144, width))(layers.Conv2D(width, 8, strides=8)(x))
    for _ in range(blocks):
        z = layers.LayerNormalization()(y)
        y = layers.Add()([y, layers.MultiHeadAttention(heads, width // heads)(z, z)])
        z = layers.LayerNormalization()(y)
        y = layers.Add()([y, layers.Dense(width)(layers.Dense(4 * width, activation="gelu")(z))])
    return keras.Model(x, layers.Dense(100)(layers.GlobalAveragePooling1D()(y)))


models = {
    "resnet50": application("ResNet50"),
    "efficientnet_b0": application("EfficientNetB0"),
    "densenet121": application("DenseNet121"),
    "mobilenet_v2_224": application("MobileNetV2"),
    "bert_like": bert,
    "gru2": gru,
    "resnet50v2_128": application("ResNet50V2", 128),
    "inception_v3": application("InceptionV3"),
    "mobilenet_128": application("MobileNet", 128, alpha=0.5),
    "cifar_resnet": cifar_resnet,
    "vgg_small": vgg_small,
    "vit": vit,
    "bilstm": bilstm,
    "lstm_stack": lstm_stack,
    "audio": audio,
    "wide_mlp": dense_stack(1024, (2048, 2048, 1024), 100, "relu"),
    "autoencoder": dense_stack(30, (16, 8, 4, 8, 16), 30, "tanh"),
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
