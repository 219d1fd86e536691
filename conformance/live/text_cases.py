"""Draws random text, feature, image and audio layers, has Keras on TensorFlow save and run them, and writes what went in and came out.

Usage: python text_cases.py draw OUT COUNT SEED. Case i is OUT/i.keras and OUT/i.json; strings are base64, as they may be no UTF-8.
       python text_cases.py check OUT COUNT. Loads OUT/i.saved.keras, which we have written, of up to COUNT cases, and tells whether it
       answers the same.
"""

import base64
import json
import os
import random
import sys
import warnings

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.filterwarnings("ignore")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

WORDS = ["the", "cat", "Sat", "on", "MAT", "don't", "a", "an", "naïve", "Café", "ÀÉÎ", "straße", "東京", "タワー", "привет", "МИР", "e\u0301",
         "😀", "👩‍👩‍👧", "x_y", "3.14", "1,000", "[UNK]", "", "#tag", "«quoted»", "don’t", "a-b-c", "\u0130stanbul", "ﬁ", "\u200b"]
SPACES = [" ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u3000", "\x0b", "\x1c", " - ", ""]


def text(r):
    parts = []
    for _ in range(r.randint(0, 8)):
        if r.random() < 0.15:
            parts.append("".join(chr(r.choice([r.randint(1, 127), r.randint(128, 0x2FF), r.randint(0x400, 0xD7FF), r.randint(0x10000, 0x1FFFF)])) for _ in range(r.randint(1, 6))))
        else:
            parts.append(r.choice(WORDS))
        parts.append(r.choice(SPACES))
    s = "".join(parts).encode("utf-8")
    if r.random() < 0.1:  # bytes that are no UTF-8
        at = r.randint(0, len(s))
        s = s[:at] + bytes(r.randint(128, 255) for _ in range(r.randint(1, 4))) + s[at:]
    return s


def strings(r, shape, draw):
    flat = np.array([draw(r) for _ in range(int(np.prod(shape)))] + [b"x"], dtype=object)[:-1]
    return flat.reshape(shape)


def word(r):
    return r.choice(WORDS).encode("utf-8") if r.random() < 0.8 else text(r)


def integer(r):
    return r.choice([r.randint(-5, 20), r.randint(-(2**31), 2**31), r.randint(-(2**63), 2**63 - 1), r.randint(2**53, 2**53 + 20)])


def salt(r):
    return r.choice([None, None, r.randint(0, 1000), [r.randint(-5, 2**62), r.randint(0, 2**62)]])


def vocabulary(r, words):
    pool = list(dict.fromkeys(words))
    r.shuffle(pool)
    return pool[: r.randint(1, len(pool))]


def lookup_options(r, inverted=False):
    mode = "int" if inverted else r.choice(["int", "int", "one_hot", "multi_hot", "count", "tf_idf"])
    return {"output_mode": mode, "num_oov_indices": r.choice([1, 1, 2, 3, 5])}


def set_up(r, layer, terms, mode, adapt):
    """Gives a lookup its vocabulary in one of Keras's ways; a given one went to the constructor."""
    if adapt is not None and r.random() < 0.5:
        layer.adapt(adapt)
    elif mode == "tf_idf":
        layer.set_vocabulary(terms, idf_weights=[r.random() for _ in terms])
    else:
        layer.set_vocabulary(terms)


def string_lookup(r):
    invert = r.random() < 0.2
    o = lookup_options(r, invert)
    o["mask_token"] = r.choice([None, "", "cat"])
    if r.random() < 0.3:
        o["oov_token"] = "<oov>"
    o["salt"] = salt(r)
    terms = [w for w in vocabulary(r, WORDS) if w not in (o["mask_token"], "[UNK]")] or ["z"]
    if r.random() < 0.3:
        o["max_tokens"] = len(terms) + 8
        if o["output_mode"] != "int":
            o["pad_to_max_tokens"] = r.random() < 0.5
    shape = (r.randint(1, 4),) + tuple(r.randint(1, 3) for _ in range(r.randint(0, 2)))
    given = r.random() < 0.4 and o["output_mode"] != "tf_idf"
    layer = layers.StringLookup(invert=invert, vocabulary=terms if given else None, **o)
    if invert:
        x = np.array([r.randint(-1, len(terms) + 4) for _ in range(int(np.prod(shape)))], "int64").reshape(shape)
    else:
        x = strings(r, shape, word)
    if not given:
        data = None if invert else np.array([r.choice(WORDS[:20]) for _ in range(12)]).reshape(4, 3)
        set_up(r, layer, terms, o["output_mode"], data)
    return layer, [x]


def integer_lookup(r):
    invert = r.random() < 0.2
    o = lookup_options(r, invert)
    o["mask_token"] = r.choice([None, 0, 7])
    o["oov_method"] = r.choice(["floormod", "farmhash"])
    if o["oov_method"] == "farmhash":
        o["salt"] = salt(r)
    terms = [w for w in vocabulary(r, [integer(r) for _ in range(12)]) if w not in (o["mask_token"], -1)] or [5]
    if r.random() < 0.3:
        o["max_tokens"] = len(terms) + 8
        if o["output_mode"] != "int":
            o["pad_to_max_tokens"] = r.random() < 0.5
    shape = (r.randint(1, 4),) + tuple(r.randint(1, 3) for _ in range(r.randint(0, 2)))
    given = r.random() < 0.4 and o["output_mode"] != "tf_idf"
    layer = layers.IntegerLookup(invert=invert, vocabulary=terms if given else None, **o)
    n = int(np.prod(shape))
    if invert:
        x = [r.randint(-1, len(terms) + 4) for _ in range(n)]
    else:
        x = [r.choice(terms + [0, 7]) if r.random() < 0.6 else integer(r) for _ in range(n)]
    if not given:
        data = None if invert else np.array([r.randint(0, 9) for _ in range(12)], "int64").reshape(4, 3)
        set_up(r, layer, terms, o["output_mode"], data)
    return layer, [np.array(x, "int64").reshape(shape)]


def text_vectorization(r):
    mode = r.choice(["int", "int", "int", "multi_hot", "count", "tf_idf"])
    split = r.choice(["whitespace", "whitespace", "character", None])
    o = {"output_mode": mode, "split": split, "standardize": r.choice(["lower_and_strip_punctuation", "lower", "strip_punctuation", None]),
         "ngrams": r.choice([None, None, 1, 2, 3, (2,), (1, 3), (3, 1)])}
    if split is None:
        o["ngrams"] = None if r.random() < 0.7 else o["ngrams"]
    if mode == "int":
        o["output_sequence_length"] = r.choice([None, None, 1, 4, 9])
    batch = r.randint(1, 5)
    shape = r.choice([(batch,), (batch, 1)])
    if split is None:
        shape = (batch, r.randint(1, 4))
        if o["ngrams"] is not None and shape[1] < 3:
            shape = (batch, 3)
    texts = np.array([text(r).decode("utf-8", "ignore") for _ in range(8)] + ["the cat sat on a mat"])
    terms = [w for w in vocabulary(r, [w.lower() for w in WORDS]) if w not in ("", "[unk]")] or ["z"]
    if r.random() < 0.4:
        o["max_tokens"] = len(terms) + 5
        if mode != "int":
            o["pad_to_max_tokens"] = r.random() < 0.5
    given = r.random() < 0.3 and mode != "tf_idf"
    layer = layers.TextVectorization(vocabulary=terms if given else None, **o)
    if not given:
        clean = [t for t in texts if not any(c in t for c in "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")] + ["the cat"]
        adapt = np.array(clean) if split == "whitespace" else None
        set_up(r, layer, terms, mode, adapt)
        # A vocabulary file is read line by line: Keras itself loses a token that holds a line end.
        if any(len(t.splitlines()) > 1 or t.splitlines() != [t] and t for t in layer.get_vocabulary()):
            layer = layers.TextVectorization(vocabulary=terms, **o) if mode != "tf_idf" else layers.TextVectorization(
                vocabulary=terms, idf_weights=[1.0] * len(terms), **o)
    return layer, [strings(r, shape, text)]


def hashing(r):
    mode = r.choice(["int", "int", "one_hot", "multi_hot", "count"])
    o = {"num_bins": r.choice([1, 2, 3, 7, 1000, 2**31]) if mode == "int" else r.randint(1, 9), "output_mode": mode, "salt": salt(r)}
    shape = (r.randint(1, 4),) + tuple(r.randint(1, 3) for _ in range(r.randint(0, 2)))
    if r.random() < 0.5:
        x = strings(r, shape, word)
        o["mask_value"] = r.choice([None, "", "cat"])
    else:
        x = np.array([integer(r) if r.random() < 0.5 else r.randint(-2, 5) for _ in range(int(np.prod(shape)))], "int64").reshape(shape)
        o["mask_value"] = r.choice([None, 0, 3])
        if r.random() < 0.3:
            x = np.clip(x, -100, 100).astype("int32")
    return layers.Hashing(**o), [x]


def hashed_crossing(r):
    batch = r.randint(1, 5)
    shape = r.choice([(batch,), (batch, 1)])
    xs = []
    for _ in range(2):  # Keras 3.15 takes no more
        if r.random() < 0.5:
            xs.append(strings(r, shape, word))
        else:
            xs.append(np.array([integer(r) for _ in range(batch)], "int64").reshape(shape))
    return layers.HashedCrossing(r.choice([1, 5, 1000]), output_mode=r.choice(["int", "one_hot"])), xs


def category_encoding(r):
    n = r.randint(1, 8)
    shape = (r.randint(1, 4),) + tuple(r.randint(1, 3) for _ in range(r.randint(0, 2)))
    x = np.array([r.randint(0, n - 1) for _ in range(int(np.prod(shape)))]).reshape(shape)
    return layers.CategoryEncoding(n, output_mode=r.choice(["one_hot", "multi_hot", "count"])), [x.astype(r.choice(["int64", "int32"]))]


def discretization(r):
    shape = (r.randint(1, 4),) + tuple(r.randint(1, 3) for _ in range(r.randint(0, 2)))
    x = np.array([r.choice([r.uniform(-5, 5), float(r.randint(-3, 3))]) for _ in range(int(np.prod(shape)))], "float32").reshape(shape)
    mode = r.choice(["int", "one_hot", "multi_hot", "count"])
    if r.random() < 0.5:
        layer = layers.Discretization(sorted(r.uniform(-4, 4) if r.random() < 0.5 else float(r.randint(-3, 3)) for _ in range(r.randint(1, 6))), output_mode=mode)
    else:
        layer = layers.Discretization(num_bins=r.randint(2, 7), epsilon=0.05, output_mode=mode)
        layer.adapt(np.array([r.gauss(0, 3) for _ in range(100)], "float32"))
    return layer, [x]


def chain(r):
    """A lookup with other layers behind it."""
    layer, xs = r.choice([string_lookup, integer_lookup, text_vectorization, hashing])(r)
    inputs = [keras.Input(batch_shape=(None,) + x.shape[1:], dtype="string" if x.dtype == object else str(x.dtype)) for x in xs]
    y = layer(inputs[0])
    mode = layer._output_mode if isinstance(layer, layers.TextVectorization) else layer.output_mode
    if mode == "int" and not getattr(layer, "invert", False):
        if isinstance(layer, layers.Hashing) and layer.num_bins > 1000:
            return layer, xs
        size = layer.num_bins if isinstance(layer, layers.Hashing) else layer.vocabulary_size() + 8
        y = layers.Embedding(size, 3)(y)
        if isinstance(layer, layers.TextVectorization):
            y = layers.GlobalMaxPooling1D()(y) if len(y.shape) == 3 else y
        return keras.Model(inputs, y), xs
    if mode in ("count", "multi_hot", "tf_idf") and len(xs[0].shape) == 2 and not isinstance(layer, layers.TextVectorization):
        return keras.Model(inputs, layers.Dense(3)(y)), xs
    return layer, xs


def image_layer(r):
    """Layers that change images when a model predicts, and those that do not, with their options; dicts as inputs, too."""
    size = (r.randint(1, 7), r.randint(1, 7))
    fmt = {"data_format": r.choice(["channels_last", "channels_first"])}
    augment = {
        "AugMix": {}, "CutMix": {}, "MixUp": {}, "RandAugment": {"factor": 0.3}, "RandomBrightness": {"factor": 0.2}, "RandomColorJitter": {"hue_factor": 0.1},
        "RandomContrast": {"factor": 0.2}, "RandomElasticTransform": {}, "RandomErasing": {}, "RandomFlip": {"mode": "vertical"}, "RandomGaussianBlur": {},
        "RandomHue": {"factor": 0.2}, "RandomInvert": {}, "RandomPerspective": {}, "RandomPosterization": {"factor": 3}, "RandomRotation": {"factor": 0.1},
        "RandomSaturation": {"factor": 0.2}, "RandomSharpness": {"factor": 0.2}, "RandomShear": {"x_factor": 0.1}, "RandomTranslation": {"height_factor": 0.1, "width_factor": 0.2},
        "RandomZoom": {"height_factor": 0.1}, "Solarization": {"addition_factor": 0.2}, "MaxNumBoundingBoxes": {"max_number": r.randint(1, 5)},
    }
    plain = {"RandomColorDegeneration": {"factor": 0.2}, "RandomCrop": {"height": size[0], "width": size[1]}, "RandomGrayscale": {}, "Equalization": {}}
    dtype = r.choice(["float32", "float32", "float16", "uint8", "int32"])
    policy = r.choice(["float32", "float32", "float32", "mixed_float16"])
    batch = r.randint(1, 3)
    shape = (r.randint(1, 9), r.randint(1, 9), 3)
    kind = r.choice(["resize", "crop", "contrast", "clahe", "augment", "augment", "dict"])
    extra = {}
    if kind == "resize":
        interpolation = r.choice(["nearest", "bilinear", "bilinear"])
        layer = layers.Resizing(*size, interpolation=interpolation, dtype=policy, **fmt,
                                **r.choice([{}, {"crop_to_aspect_ratio": True}, {"pad_to_aspect_ratio": True, "fill_value": r.choice([0.0, 3.0])}]))
        # Between two pixels halves are common, and float32 decides which way they are rounded.
        dtype = r.choice(["float32", "uint8"]) if interpolation == "nearest" else "float32"
    elif kind == "crop":
        layer = layers.CenterCrop(*size, dtype="float32", **fmt)
        dtype = r.choice(["float32", "uint8"])
    elif kind == "contrast":
        layer = layers.AutoContrast(value_range=r.choice([(0, 255), (0, 1), (-1, 1)]), dtype="float32", **fmt)
    elif kind == "clahe":
        layer = layers.ContrastLimitedAdaptiveHistogramEqualization(clip_limit=r.choice([0.0, 1.0, 4.0]), tile_grid_size=(r.randint(1, 4), r.randint(1, 4)), **fmt)
        dtype = "float32"
        fmt = {"data_format": layer.data_format}
    elif kind == "augment":
        name, o = r.choice(list({**augment, **plain}.items()))
        layer = getattr(layers, name)(dtype=policy, **o, **fmt)
    else:
        name, o = r.choice(list(augment.items()))
        layer = getattr(layers, name)(bounding_box_format="xyxy", dtype=policy, **o, **fmt)
        dtype = "float32"
        if r.random() < 0.5:
            extra["labels"] = np.array([[r.random() for _ in range(4)] for _ in range(batch)], "float32")
        if r.random() < 0.5:
            mask = np.array([r.randint(0, 3) for _ in range(batch * shape[0] * shape[1])], r.choice(["float32", "int32"])).reshape((batch,) + shape[:2] + (1,))
            extra["segmentation_masks"] = mask if fmt["data_format"] == "channels_last" else mask.transpose(0, 3, 1, 2)
        if r.random() < 0.5:
            n = r.randint(1, 6)
            extra["bounding_boxes"] = {"boxes": np.array([r.uniform(0, 5) for _ in range(batch * n * 4)], "float32").reshape(batch, n, 4),
                                       "labels": np.array([r.randint(0, 3) for _ in range(batch * n)], "int32").reshape(batch, n)}
    if fmt["data_format"] == "channels_first":
        shape = (3,) + shape[:2]
    x = np.array([r.choice([r.randint(0, 255), 128]) for _ in range(batch * int(np.prod(shape)))], "float64").reshape((batch,) + shape).astype(dtype)
    if kind != "dict":
        return layer, [x]
    x = {"images": x, **extra}
    inputs = keras.tree.map_structure(lambda a: keras.Input(batch_shape=(None,) + a.shape[1:], dtype=str(a.dtype)), x)
    return keras.Model(inputs, layer(keras.tree.map_structure(lambda t: t, inputs))), x


def boxes_pipeline(r):
    """Bounding boxes through layers that change the size of images; Keras takes them in a Pipeline only."""
    batch, h, w, n = r.randint(1, 3), r.randint(2, 12), r.randint(2, 12), r.randint(1, 5)
    fmt = r.choice(["xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh"])
    size = (r.randint(1, 12), r.randint(1, 12))
    if r.random() < 0.6:
        layer = layers.Resizing(*size, bounding_box_format=fmt, interpolation=r.choice(["nearest", "bilinear"]), **r.choice([{}, {"crop_to_aspect_ratio": True}, {"pad_to_aspect_ratio": True}]))
    else:
        layer = layers.CenterCrop(*size, bounding_box_format=fmt)
    inner = [layers.RandomFlip(bounding_box_format=fmt), layer, layers.MaxNumBoundingBoxes(r.randint(1, 6), bounding_box_format=fmt)]
    boxes = np.array([[r.choice([[-1.0] * 4, [0.0] * 4]) if r.random() < 0.15 else [r.uniform(-1, 12) * (0.1 if "rel" in fmt else 1) for _ in range(4)] for _ in range(n)]
                      for _ in range(batch)], "float32")
    x = {"images": np.array([r.randint(0, 255) for _ in range(batch * h * w * 3)], "float32").reshape(batch, h, w, 3),
         "bounding_boxes": {"boxes": boxes, "labels": np.array([r.randint(0, 3) for _ in range(batch * n)], r.choice(["int32", "float32"])).reshape(batch, n)}}
    inputs = keras.tree.map_structure(lambda a: keras.Input(batch_shape=(None,) + a.shape[1:], dtype=str(a.dtype)), x)
    return keras.Model(inputs, layers.Pipeline(r.sample(inner, r.randint(1, 3)) if r.random() < 0.5 else [layer])(keras.tree.map_structure(lambda t: t, inputs))), x


def audio_layer(r):
    if r.random() < 0.5:
        fft = r.choice([8, 12, 16, 31, 64])
        length = r.choice([None, fft, max(1, fft - r.randint(0, 5))])
        # Windows of odd length TensorFlow takes as not periodic; JAX and torch do not.
        window = r.choice(["hann", "hamming", None]) if (length or fft) % 2 == 0 else None
        layer = layers.MelSpectrogram(fft_length=fft, sequence_stride=r.randint(1, fft), sequence_length=length, window=window,
                                      sampling_rate=r.choice([160, 8000]), num_mel_bins=r.randint(1, 6), min_freq=r.choice([0, 5.0]), max_freq=r.choice([None, 75]),
                                      power_to_db=r.random() < 0.5, top_db=r.choice([80.0, 20.0]), mag_exp=r.choice([1.0, 2.0]), ref_power=r.choice([1.0, 2.5]))
        shape = (r.randint(1, 3), r.randint(fft, 3 * fft))
    else:
        frame = r.randint(3, 12)
        layer = layers.STFTSpectrogram(mode=r.choice(["log", "magnitude", "psd", "real", "imag", "stft"]), frame_length=frame, frame_step=r.choice([None, 1, r.randint(1, frame)]),
                                       fft_length=r.choice([None, 16, 20]), window=r.choice(["hann", "hamming", "blackman", None]), periodic=r.random() < 0.5,
                                       scaling=r.choice(["density", "spectrum", None]), padding=r.choice(["valid", "same"]), expand_dims=r.random() < 0.5)
        shape = (r.randint(1, 3), r.randint(frame, 40), r.randint(1, 2))
    return layer, [np.array([r.gauss(0, 1) for _ in range(int(np.prod(shape)))], "float32").reshape(shape)]


def encode(a):
    a = np.asarray(a)
    if a.dtype.kind in "OSU":
        data = [base64.b64encode(s if isinstance(s, bytes) else s.encode("utf-8")).decode() for s in a.reshape(-1)]
        return {"dtype": "string", "shape": list(a.shape), "data": data}
    if a.dtype.kind == "f":
        return {"dtype": str(a.dtype), "shape": list(a.shape), "data": [float(v) for v in a.reshape(-1)]}
    return {"dtype": str(a.dtype), "shape": list(a.shape), "data": [str(v) for v in a.reshape(-1)]}


KINDS = [string_lookup, integer_lookup, text_vectorization, text_vectorization, hashing, hashed_crossing, category_encoding, discretization, chain, image_layer, image_layer,
         boxes_pipeline, audio_layer]


def decode(a):
    if a["dtype"] == "string":
        flat = np.array([base64.b64decode(s) for s in a["data"]] + [b""], dtype=object)[:-1]
        return tf.constant(flat.tolist(), shape=a["shape"], dtype="string")
    return tf.constant(np.array([float(v) if "float" in a["dtype"] else int(v) for v in a["data"]], a["dtype"]).reshape(a["shape"]))


def run(model, flat):
    """The model's outputs, in flat order."""
    x = keras.tree.pack_sequence_as(model._inputs_struct, flat) if len(flat) > 1 else flat[0]
    if len(flat) == 1 and isinstance(model._inputs_struct, dict):
        x = {k: flat[0] for k in model._inputs_struct}
    ys = keras.tree.flatten(model(x, training=False))
    if any(isinstance(y, (tf.RaggedTensor, tf.SparseTensor)) for y in ys):
        raise ValueError("not dense")
    return [encode(y.numpy()) for y in ys]


def check(out, count):
    """Prints the cases in which Keras answers otherwise from our file than from its own."""
    checked = 0
    for name in sorted(n for n in os.listdir(out) if n.endswith(".saved.keras"))[:count]:
        i = name.split(".")[0]
        with open(os.path.join(out, f"{i}.json")) as f:
            c = json.load(f)
        checked += 1
        first = None
        for file in (f"{i}.keras", name):  # there are files that Keras writes and cannot load
            try:
                y = run(keras.saving.load_model(os.path.join(out, file)), [decode(a) for a in c["inputs"]])
            except Exception as e:
                if file == name:
                    print(f"case {i} ({c['kind']}): Keras cannot load our file: {str(e)[:300]}".replace("\n", " "))
                    break
                break
            if file == name and y != c["outputs"] and y != first:
                print(f"case {i} ({c['kind']}): Keras answers {str(y)[:200]}, not {str(first)[:200]}")
            first = y
    print(f"checked {checked}")


def main():
    if sys.argv[1] == "check":
        check(sys.argv[2], int(sys.argv[3]))
        return
    out, count, seed = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    refused = 0
    for i in range(count):
        r = random.Random(seed * 1000003 + i)
        kind = r.choice(KINDS)
        try:
            layer, xs = kind(r)
            if isinstance(layer, keras.Model):
                model = layer
            else:
                inputs = [keras.Input(batch_shape=(None,) + x.shape[1:], dtype="string" if x.dtype == object else str(x.dtype)) for x in xs]
                model = keras.Model(inputs, layer(inputs if len(inputs) > 1 else inputs[0]))
            y = run(model, [decode(encode(x)) for x in keras.tree.flatten(xs)])
            model.save(os.path.join(out, f"{i}.keras"))
        except Exception as e:  # Keras does not take every combination that is drawn
            refused += 1
            if os.environ.get("HORN_LIVE_VERBOSE"):
                print(i, kind.__name__, type(e).__name__, str(e)[:200].replace("\n", " "), file=sys.stderr)
            continue
        with open(os.path.join(out, f"{i}.json"), "w") as f:
            json.dump({"kind": kind.__name__, "inputs": [encode(x) for x in keras.tree.flatten(xs)], "outputs": y}, f)
    print(f"{count - refused} cases, {refused} that Keras refuses")


main()
