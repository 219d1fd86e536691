"""Has Keras merge LoRA into kernels of every kind by saving models.

    python3 lora_cases.py DIRECTORY

makes, for each case, NAME.keras, a model with LoRA whose factors A·B are zero, NAME.factors.npz with other factors, a and b, and
NAME.merged.keras, what Keras saves of the model with these.
"""
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"  # rounds every step, as the definition does; JAX fuses some
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402

L = keras.layers

LAYERS = {
    "dense": (lambda: L.Dense(5), (6,), "float32"),
    "einsum": (lambda: L.EinsumDense("abc,cde->abde", output_shape=(None, 3, 5), bias_axes="e"), (3, 6), "float32"),
    "einsum_sum": (lambda: L.EinsumDense("abde,dec->abc", output_shape=(None, 7)), (3, 2, 5), "float32"),
    "embedding": (lambda: L.Embedding(7, 6), (3,), "int32"),
}
MODES = {
    "float": None,
    "int8": lambda layer: layer.quantize("int8"),
    "int4": lambda layer: layer.quantize("int4", config=keras.quantizers.Int4QuantizationConfig(block_size=-1)),
    "int4_groups": lambda layer: layer.quantize("int4", config=keras.quantizers.Int4QuantizationConfig(block_size=4)),
}


def make(path, layer, shape, dtype, quantize):
    keras.utils.clear_session()
    rng = np.random.RandomState(len(path))
    x = keras.Input(shape, dtype=dtype)
    model = keras.Model(x, layer(x))
    for v in layer.weights:
        v.assign(rng.normal(0, 1, v.shape).astype("float32"))
    if quantize:
        quantize(layer)
    layer.enable_lora(2, lora_alpha=3)
    model.save(path + ".keras")
    model = keras.saving.load_model(path + ".keras")
    model.layers[-1].lora_alpha = 3  # Dense and Embedding forget it
    factors = [v for v in model.layers[-1].weights if "lora" in v.name]
    values = [(rng.randint(-8, 9, v.shape) / 16).astype("float32") for v in factors]
    for v, value in zip(factors, values):
        v.assign(value)
    np.savez(path + ".factors.npz", a=values[0], b=values[1])
    model.save(path + ".merged.keras")


for mode, quantize in MODES.items():
    for name, (layer, shape, dtype) in LAYERS.items():
        make(os.path.join(sys.argv[1], name + "_" + mode), layer(), shape, dtype, quantize)
