"""Makes goldens of models with inputs of unknown length that no made-up length would fit.

    KERAS_BACKEND=jax python lengths.py OUT

conformance/testdata/goldens/lengths holds them, beside models of the same kinds that were found.
"""
import os
import sys

import keras
import numpy as np
from keras import layers as L
from keras import ops as O

rng = np.random.default_rng(11)


def normal(*shape):
    return rng.normal(size=shape).astype("f")


def functional(f, *shapes, dtype="float32"):
    xs = [keras.Input(s, dtype=dtype) for s in shapes]
    return keras.Model(xs if len(xs) > 1 else xs[0], f(*xs))


def m11(x):
    """The audio network M11 on raw sound."""
    y = L.MaxPooling1D(4)(L.ReLU()(L.BatchNormalization()(L.Conv1D(4, 80, strides=4)(x))))
    for n, filters in ((2, 4), (2, 6), (3, 6), (2, 8)):
        for _ in range(n):
            y = L.ReLU()(L.BatchNormalization()(L.Conv1D(filters, 3)(y)))
        y = L.MaxPooling1D(2)(y)
    return L.Dense(5, activation="softmax")(L.GlobalAveragePooling1D()(y))


def frames_of_reshape(x):
    y = O.reshape(x, (-1, 7, 5))
    return O.sum(O.reshape(y, (-1, 35)), axis=0, keepdims=True)


def encoder_decoder(source, target):
    """Cross attention over two lengths, with masks from embeddings and a causal one."""
    embed = L.Embedding(20, 8, mask_zero=True)
    s, t = embed(source), embed(target)
    s = L.Add()([s, L.MultiHeadAttention(2, 4)(s, s)])
    t = L.Add()([t, L.MultiHeadAttention(2, 4)(t, t, use_causal_mask=True)])
    t = L.LayerNormalization()(L.Add()([t, L.MultiHeadAttention(2, 4)(t, s)]))
    return L.Dense(20)(t)


def length_mask(x, lengths):
    """A mask built from lengths: positions are counted with cumsum."""
    place = O.cumsum(O.ones_like(x[:, :, 0], dtype="int32"), axis=1) - 1
    mask = O.expand_dims(O.cast(place < lengths, "float32"), -1)
    return O.sum(x * mask, axis=1) / O.sum(mask, axis=1)


def cache(x, old, mask):
    y = L.Concatenate(axis=1)([old, x])
    return L.MultiHeadAttention(2, 3)(x, y, attention_mask=mask)


def wavenet(x):
    y = L.Conv1D(6, 2, padding="causal")(x)
    for d in (1, 2, 4, 8, 16, 32, 64, 128, 256):
        z = L.Conv1D(6, 2, dilation_rate=d, padding="causal")(y)
        y = L.Add()([y, L.Multiply()([L.Activation("tanh")(z), L.Activation("sigmoid")(z)])])
    return L.Conv1D(3, 1)(y)


def unet(x):
    skips, y = [], x
    for f in (4, 6, 8):
        y = L.Conv2D(f, 3, padding="same", activation="relu")(y)
        skips.append(y)
        y = L.MaxPooling2D(2)(y)
    for f in (8, 6, 4):
        y = L.Conv2DTranspose(f, 2, strides=2)(y)
        s = skips.pop()
        y = L.Conv2D(f, 3, padding="same", activation="relu")(L.Concatenate()([y, s]))
    return L.Conv2D(2, 1)(y)


def crops(x):
    y = L.Cropping1D((17, 300))(x)
    z = L.Conv1DTranspose(4, 5, strides=3, padding="same")(L.Conv1D(4, 5, strides=3, padding="same")(y))
    return L.Cropping1D((1, 2))(z)


def shared(x, y):
    """A model inside, and a layer, for two lengths."""
    inner = keras.Sequential([keras.Input((None, 4)), L.Conv1D(5, 9, strides=4, activation="relu"), L.MaxPooling1D(5)])
    gru = L.GRU(6)
    return L.Concatenate()([gru(inner(x)), gru(inner(y))])


def distributed(x):
    """Images of unknown size in a sequence of unknown length."""
    y = L.TimeDistributed(L.Conv2D(4, 5, strides=2, activation="relu"))(x)
    y = L.TimeDistributed(L.MaxPooling2D(3))(y)
    y = L.TimeDistributed(L.GlobalAveragePooling2D())(y)
    return L.Bidirectional(L.LSTM(5))(y)


def conv_lstm(x):
    y = L.ConvLSTM2D(3, 3, padding="same", return_sequences=True)(x)
    return L.ConvLSTM2D(2, 3, strides=2)(y)


def masked_rnn(x):
    y = L.Masking()(x)
    y = L.Bidirectional(L.GRU(4, return_sequences=True))(y)
    return L.Bidirectional(L.LSTM(3), merge_mode="sum")(y)


def slices(x):
    return [x[:, 500:], x[:, ::7], x[:, -123:-3:5], x[:, 37], x[:, None, 100:400:3, 1], x[..., 1:]]


def parts(x):
    a, b, c = O.split(x, 3, axis=1)
    d, e, f = O.split(x, [13, 31], axis=1)
    return [a * b + c, d, O.concatenate([f, e], axis=1), O.stack([a, c], axis=2)]


def repeats(x):
    return [O.repeat(x, 3, axis=1), O.tile(x, (1, 2, 3)), O.flip(x, axis=1), O.roll(x, 5, axis=1), L.UpSampling1D(3)(x), O.pad(x, ((0, 0), (3, 4), (0, 0)))]


def two_rates(x, y):
    """Every third step of one meets every step of the other."""
    a = L.AveragePooling1D(3)(x)
    return [L.Add()([a, y]), a * y, L.Dot(axes=(1, 1))([a, y]), L.Dot(axes=2)([x, y]), L.Attention()([x, y]), L.AdditiveAttention()([y, x])]


def products(x, y):
    return [O.einsum("bid,bjd->bij", x, y), O.matmul(x, O.transpose(y, (0, 2, 1))), O.expand_dims(x, 2) - O.expand_dims(y, 1),
            O.tensordot(x, y, axes=[[2], [2]]), O.max(O.expand_dims(x, 2) * O.expand_dims(y, 1), axis=2)]


def norms(x):
    y = L.GroupNormalization(2)(x)
    y = L.LayerNormalization(axis=[-1])(y)
    y = L.UnitNormalization()(L.BatchNormalization(axis=-1)(y))
    return L.GroupNormalization(-1)(L.RMSNormalization()(y))


def pictures(x):
    return [L.Resizing(7, 5)(x), L.CenterCrop(6, 9)(x), L.AdaptiveAveragePooling2D((3, 2))(x), L.AdaptiveMaxPooling2D((2, 5))(x),
            L.GlobalMaxPooling2D(keepdims=True)(x), L.Permute((3, 1, 2))(x), L.UpSampling2D((2, 3), interpolation="bilinear")(x), L.ZeroPadding2D(((1, 2), (3, 0)))(x)]


def gathers(x, i):
    i = O.cast(i, "int32")
    return [O.take_along_axis(x, O.expand_dims(i, -1), axis=1), O.take(x, [0, 3, -1], axis=1), O.cumsum(x, axis=1), O.sort(x, axis=1), O.argmax(x, axis=1),
            O.top_k(O.transpose(x, (0, 2, 1)), 4)[0], O.one_hot(i, 9), O.diff(x, axis=1), O.tril(O.matmul(x, O.transpose(x, (0, 2, 1)))), O.var(x, axis=1)]


def mel(x):
    return L.Dense(4)(L.Permute((2, 1))(L.MelSpectrogram(num_mel_bins=10, sampling_rate=8000, sequence_stride=160, fft_length=512)(x)))


def conformer_frontend(x):
    y = L.STFTSpectrogram(mode="log", frame_length=400, frame_step=160, fft_length=512)(x)
    y = O.expand_dims(y, -1)
    y = L.Conv2D(3, 3, strides=2, activation="relu")(L.Conv2D(3, 3, strides=2, activation="relu")(y))
    return L.Dense(6)(O.reshape(y, (-1, y.shape[2] * 3)))


def positions(x):
    """Sinusoids for as many positions as there are."""
    place = O.cumsum(O.ones_like(x[:, :, :1]), axis=1) - 1
    angle = place / (100.0 ** (O.cumsum(O.ones_like(x[:, :1, :3]), axis=2) / 3))
    return x + O.concatenate([O.sin(angle), O.cos(angle)], axis=-1)


def grid(x):
    """Reshapes with several unknown lengths."""
    y = L.Reshape((-1, 6))(x)
    return L.Reshape((-1, 3, 2))(L.Dense(6)(y)), L.Flatten()(L.GlobalAveragePooling2D()(x))


def unrolled(x):
    y = L.RNN([L.GRUCell(4), L.LSTMCell(3)], return_sequences=True)(x)
    return L.SimpleRNN(2, go_backwards=True)(y)


def pyramid(x):
    levels = [x]
    for _ in range(5):
        levels.append(L.SeparableConv2D(4, 3, strides=2, padding="same")(levels[-1]))
    y = levels[-1]
    for s in reversed(levels[2:-1]):
        y = L.Add()([L.UpSampling2D(2)(y), s])
    return L.GlobalMaxPooling2D()(y)


def updates(x, new):
    """A block of a buffer of unknown length is replaced."""
    return O.slice_update(x, [0, 2, 0], new), O.slice(x, [0, 3, 1], [2, 4, 2])


CASES = {
    "audio_m11": (functional(m11, (None, 1)), [normal(1, 6007, 1)]),
    "op_reshape_frames": (functional(frames_of_reshape, (None, 5)), [normal(2, 21, 5)]),
    "encoder_decoder": (functional(encoder_decoder, (None,), (None,), dtype="int32"), [rng.integers(0, 20, (2, 13)), rng.integers(0, 20, (2, 7))]),
    "mask_of_lengths": (functional(length_mask, (None, 3), (1,)), [normal(2, 11, 3), np.array([[4], [9]], "f")]),
    "cache_before_query": (functional(cache, (None, 6), (None, 6), (None, None)), [normal(2, 3, 6), normal(2, 8, 6), (normal(2, 3, 11) > -0.5).astype("f")]),
    "wavenet": (functional(wavenet, (None, 2)), [normal(1, 301, 2)]),
    "unet": (functional(unet, (None, None, 3)), [normal(1, 24, 40, 3)]),
    "crops": (functional(crops, (None, 4)), [normal(2, 333, 4)]),
    "shared_by_two_lengths": (functional(shared, (None, 4), (None, 4)), [normal(2, 41, 4), normal(2, 103, 4)]),
    "distributed_images": (functional(distributed, (None, None, None, 2)), [normal(2, 3, 17, 29, 2)]),
    "conv_lstm": (functional(conv_lstm, (None, 9, 7, 2)), [normal(1, 3, 9, 7, 2)]),
    "masked_rnn": (functional(masked_rnn, (None, 3)), [normal(2, 9, 3) * (np.arange(9) < 6)[None, :, None].astype("f")]),
    "slices": (functional(slices, (None, 3)), [normal(2, 511, 3)]),
    "parts": (functional(parts, (None, 4)), [normal(2, 39, 4)]),
    "repeats": (functional(repeats, (None, 2)), [normal(2, 11, 2)]),
    "two_rates": (functional(two_rates, (None, 4), (None, 4)), [normal(2, 33, 4), normal(2, 11, 4)]),
    "products": (functional(products, (None, 4), (None, 4)), [normal(2, 7, 4), normal(2, 10, 4)]),
    "norms": (functional(norms, (None, None, 6)), [normal(2, 5, 7, 6)]),
    "pictures": (functional(pictures, (None, None, 3)), [normal(2, 11, 13, 3)]),
    "gathers": (functional(gathers, (None, 3), (None,)), [normal(2, 9, 3), rng.integers(0, 9, (2, 5)).astype("f")]),
    "mel": (functional(mel, (None,)), [normal(2, 1999)]),
    "conformer_frontend": (functional(conformer_frontend, (None, 1)), [normal(1, 2100, 1)]),
    "positions": (functional(positions, (None, 6)), [normal(2, 23, 6)]),
    "grid": (functional(grid, (None, None, 6)), [normal(2, 5, 3, 6)]),
    "stacked_cells": (functional(unrolled, (None, 3)), [normal(2, 7, 3)]),
    "pyramid": (functional(pyramid, (None, None, 3)), [normal(1, 64, 96, 3)]),
    "buffer": (functional(updates, (None, 3), (None, 3)), [normal(2, 9, 3), normal(2, 4, 3)]),
}

for name, (model, inputs) in CASES.items():
    for i, w in enumerate(ws := model.get_weights()):
        if w.dtype.kind == "f" and w.ndim == 1:  # biases and statistics that tell
            ws[i] = w + rng.uniform(0.1, 0.5, w.shape).astype("f")
    model.set_weights(ws)
    y = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    path = os.path.join(sys.argv[1], name)
    model.save(path + ".keras")
    outputs = {f"output_{i}": np.asarray(v) for i, v in enumerate(keras.tree.flatten(y))}
    np.savez_compressed(path + ".npz", **{f"input_{i}": np.asarray(v) for i, v in enumerate(inputs)}, **outputs)
    print(name, [v.shape for v in model.outputs])
