"""Writes the list of what a saved model of Keras can name: layer classes, ops, activations, initializers, losses, metrics,
optimizers. docs/coverage.md answers for each entry.

    KERAS_BACKEND=jax python keras_api.py > ../../conformance/testdata/keras_api.json
"""
import importlib
import inspect
import json
import pkgutil

import keras
import keras.src.ops
from keras.src.layers.layer import Layer
from keras.src.ops.operation import Operation


def exported(module, base):
    """Class names of a public module, aliases joined to the first name."""
    names = {}
    for name in sorted(dir(module)):
        thing = getattr(module, name)
        if inspect.isclass(thing) and issubclass(thing, base):
            names.setdefault(thing, []).append(name)
    out = []
    for cls, all_names in names.items():
        own = cls.__name__ if cls.__name__ in all_names else all_names[0]
        out.append({"name": own, "aliases": sorted(n for n in all_names if n != own)})
    return sorted(out, key=lambda e: e["name"])


def ops():
    out = []
    for info in pkgutil.iter_modules(keras.src.ops.__path__):
        if info.name.endswith("_test"):
            continue
        module = importlib.import_module("keras.src.ops." + info.name)
        for name, thing in inspect.getmembers(module, inspect.isclass):
            if issubclass(thing, Operation) and thing is not Operation and thing.__module__ == module.__name__:
                out.append(info.name + "." + name)
    return sorted(out)


def functions(module):
    return sorted(n for n, f in inspect.getmembers(module, inspect.isfunction) if n not in ("get", "serialize", "deserialize"))


print(json.dumps({
    "keras_version": keras.__version__,
    "layers": exported(keras.layers, Layer),
    "ops": ops(),
    "activations": functions(keras.activations),
    "initializers": exported(keras.initializers, keras.initializers.Initializer),
    "regularizers": exported(keras.regularizers, keras.regularizers.Regularizer),
    "constraints": exported(keras.constraints, keras.constraints.Constraint),
    "losses": exported(keras.losses, keras.losses.Loss),
    "metrics": exported(keras.metrics, keras.metrics.Metric),
    "optimizers": exported(keras.optimizers, keras.optimizers.Optimizer),
    "schedules": exported(keras.optimizers.schedules, keras.optimizers.schedules.LearningRateSchedule),
}, indent=1))
