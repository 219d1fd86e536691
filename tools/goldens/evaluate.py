"""Writes what real Keras answers to Model.evaluate on the compiled models among the goldens.

    KERAS_BACKEND=jax python evaluate.py GOLDENS OUT

OUT/manifest.json   a list: name, model (path below GOLDENS), batch_size, weights (how many), scores (name -> value; return_dict=True)
OUT/evaluate.npz    <name>/input_i, /target_i, /weight_i
Inputs are random, targets random of the form that the losses ask for. 11 samples in batches of 4: the last batch is smaller.
conformance/testdata/evaluate was made so with the jax backend.
"""
import json
import os
import sys
import zipfile

import keras
import numpy as np

GOLDENS, OUT = sys.argv[1:3]
rng = np.random.default_rng(7)


def compile_config(path):
    return json.loads(zipfile.ZipFile(path).read("config.json")).get("compile_config")


def load(path):
    """Keras without torch does not know the torch backend's optimizers: evaluating needs none."""
    model = keras.saving.load_model(path, compile=False)
    config = compile_config(path)
    config["optimizer"] = None
    args = keras.saving.deserialize_keras_object(config)
    args["optimizer"] = "sgd"
    args.pop("jit_compile")
    model.compile(**args)
    return model


def inputs(model, n):
    out = []
    for i in model.inputs:
        shape = (n,) + tuple(5 if d is None else d for d in i.shape[1:])
        if "int" in i.dtype:
            out.append(rng.integers(0, 3, shape).astype(i.dtype))
        else:
            out.append(rng.normal(0, 1, shape).astype(i.dtype))
    return out


def target(loss, shape):
    name = loss if isinstance(loss, str) else (loss or {}).get("config", {}).get("name", "")
    if "sparse" in name:
        return rng.integers(0, shape[-1], shape[:-1]).astype("int32")
    if "categorical" in name:
        return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])].astype("float32")
    if "hinge" in name or "binary" in name or name in ("dice", "tversky"):
        return rng.integers(0, 2, shape).astype("float32")
    return rng.uniform(0.1, 1, shape).astype("float32")


def flat_losses(loss, names, keys, n):
    if isinstance(loss, dict) and not ("class_name" in loss and "config" in loss):
        return [loss.get(k) for k in (keys or names)]
    if isinstance(loss, list) and len(loss) == n:
        return loss
    return [loss] * n


def main():
    records, data = [], {}
    paths = sorted(p for folder in ("graph", "training") for p in
                   (os.path.join(folder, f) for f in os.listdir(os.path.join(GOLDENS, folder)) if f.endswith(".keras") and not f.endswith(".end.keras")))
    paths += ["format/keras-3.15.1/" + f + ".keras" for f in ("mlp", "cnn", "seq", "multi")] + ["format/extras/compile_args.keras", "format/extras/opt_ema.keras"]
    for p in paths:
        path = os.path.join(GOLDENS, p)
        config = compile_config(path)
        if not config or p.startswith("training/opt_"):
            continue
        name = os.path.splitext(p)[0].replace("/", "_").replace(".start", "")
        model = load(path)
        n = 11
        x = inputs(model, n)
        struct = keras.tree.pack_sequence_as(model._inputs_struct, x) if hasattr(model, "_inputs_struct") else x[0]
        y_pred = model.predict(struct, verbose=0)
        flat = keras.tree.flatten(y_pred)
        keys = sorted(y_pred) if isinstance(y_pred, dict) else None
        losses = flat_losses(config["loss"], getattr(model, "output_names", None), keys, len(flat))
        y = [target(l, p.shape) for l, p in zip(losses, flat)]
        ys = keras.tree.pack_sequence_as(y_pred, y)
        for weighted in (False, True):
            if weighted and not (config.get("weighted_metrics") or "seq" in name or "dense" in name):
                continue
            w = [rng.uniform(0, 2, n).astype("float32") for _ in flat] if weighted else None
            ws = keras.tree.pack_sequence_as(y_pred, w) if weighted else None
            model.reset_metrics()
            scores = model.evaluate(struct, ys, batch_size=4, sample_weight=ws, return_dict=True, verbose=0)
            case = name + ("_weighted" if weighted else "")
            data |= {f"{case}/input_{i}": a for i, a in enumerate(x)} | {f"{case}/target_{i}": a for i, a in enumerate(y)}
            data |= {f"{case}/weight_{i}": a for i, a in enumerate(w or [])}
            records.append({"name": case, "model": p, "batch_size": 4, "weights": len(w or []),
                            "scores": {k: np.asarray(v).tolist() for k, v in scores.items()}})
            print(case, scores)
    os.makedirs(OUT, exist_ok=True)
    np.savez_compressed(os.path.join(OUT, "evaluate.npz"), **data)
    with open(os.path.join(OUT, "manifest.json"), "w") as f:
        json.dump(records, f, indent=1)


main()
