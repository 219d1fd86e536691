"""Trains the models of examples/ with real Keras on data that ships with scikit-learn, and writes what they answer.

    KERAS_BACKEND=jax python examples.py OUT [digits|wine]

It needs scikit-learn, scipy and Pillow besides Keras. OUT/digits_test.npz and OUT/digit_0.png ... digit_9.png, the first picture
of each digit in it, are no part of what the model was trained on. What is in examples was made so: the digits with the jax
backend, the wine with torch.
"""
import sys

import keras
import numpy as np
from keras import layers
from PIL import Image
from scipy.ndimage import affine_transform
from sklearn.datasets import load_digits, load_wine
from sklearn.model_selection import train_test_split


def moved(picture, rng):
    """The picture turned, sheared, scaled and shifted a little, as another hand might have written it."""
    turn, scale, shear = rng.uniform(-0.22, 0.22), rng.uniform(0.85, 1.15), rng.uniform(-0.2, 0.2)
    m = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ np.array([[1, shear], [0, 1]]) / scale
    middle = np.array([3.5, 3.5])
    return affine_transform(picture, m, middle - m @ middle + rng.uniform(-0.8, 0.8, 2), order=1)


def digits(out):
    keras.utils.set_random_seed(7)
    d = load_digits()
    x = np.round(d.images * (255 / 16)).astype("float32")[..., None]  # pixels 0..255, as in a PNG
    x, x_test, y, y_test = train_test_split(x, d.target, test_size=360, random_state=11, stratify=d.target)
    rng = np.random.default_rng(7)
    more = [np.stack([moved(p[..., 0], rng)[..., None] for p in x]) for _ in range(12)]
    x, y = np.concatenate([x] + more), np.tile(y, 13)
    m = keras.Sequential([
        layers.Input((8, 8, 1), name="image"), layers.Rescaling(1 / 255),
        layers.Conv2D(16, 3, padding="same", use_bias=False), layers.BatchNormalization(), layers.ReLU(),
        layers.Conv2D(32, 3, padding="same", activation="relu"), layers.MaxPooling2D(), layers.Dropout(0.25),
        layers.Conv2D(32, 3, padding="same", activation="relu"), layers.GlobalAveragePooling2D(),
        layers.Dense(10, activation="softmax", name="digit")], name="digits")
    m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    for rate, epochs in ((1e-3, 24), (2e-4, 10)):
        m.optimizer.learning_rate = rate
        m.fit(x, y, epochs=epochs, batch_size=128, verbose=0)
    print("digits", m.evaluate(x_test, y_test, verbose=0), m.count_params())
    m.save(f"{out}/digits.keras")
    answers = m.predict(x_test, verbose=0)
    np.savez_compressed(f"{out}/digits_test.npz", image=x_test.astype("uint8"), label=y_test.astype("int64"), probabilities=answers)
    for k in range(10):
        i = int(np.flatnonzero(y_test == k)[0])
        print(k, answers[i].argmax(), answers[i].max())
        Image.fromarray(x_test[i, :, :, 0].astype("uint8")).save(f"{out}/digit_{k}.png")


def wine(out):
    keras.utils.set_random_seed(7)
    w = load_wine()
    x, x_test, y, y_test = train_test_split(w.data.astype("float32"), w.target, test_size=40, random_state=7, stratify=w.target)
    n = layers.Normalization(name="standardize")
    n.adapt(x)
    i = keras.Input((13,), name="chemistry")
    h = layers.Dense(32, activation="gelu")(n(i))
    h = h + layers.Dense(32, activation="gelu")(h)
    h = layers.LayerNormalization()(h)
    m = keras.Model(i, layers.Dense(3, activation="softmax", name="cultivar")(h), name="wine")
    m.compile(keras.optimizers.AdamW(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"])
    m.fit(x, y, epochs=60, batch_size=16, verbose=0)
    print("wine", m.evaluate(x_test, y_test, verbose=0), m.count_params())
    m.save(f"{out}/wine.keras")
    header = ",".join(w.feature_names + ["cultivar"])
    np.savetxt(f"{out}/wine_test.csv", np.c_[x_test, y_test], delimiter=",", fmt="%.6g", header=header, comments="")
    answers = m.predict(x_test, verbose=0)
    np.savez_compressed(f"{out}/wine_test.npz", chemistry=x_test, label=y_test.astype("int64"), probabilities=answers)


if __name__ == "__main__":
    for name in sys.argv[2:] or ["digits", "wine"]:
        {"digits": digits, "wine": wine}[name](sys.argv[1])
