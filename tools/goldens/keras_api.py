"""Writes the list of what a saved model of Keras can name: layer classes, ops, activations, initializers, losses, metrics,
optimizers. docs/coverage.md answers for each entry.

    KERAS_BACKEND=jax python keras_api.py [LIST] > ../../conformance/testdata/keras_api.json

LIST is that of another release, which is joined to this one's: names that went, or became aliases of others, stay.
"""
import importlib
import inspect
import json
import pkgutil
import sys

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


def join(old, new):
    """The entries of two releases."""
    if isinstance(old, str):
        return old if new in old else old + " and " + new
    names = lambda e: {e} if isinstance(e, str) else {e["name"], *e["aliases"]}
    known = set().union(*map(names, old))
    out = [e if isinstance(e, str) else {**e, "aliases": sorted(set().union(*(names(n) for n in new if names(n) & names(e)), e["aliases"]) - {e["name"]})}
           for e in old]
    return sorted(out + [e for e in new if not names(e) & known], key=str if old and isinstance(old[0], str) else lambda e: e["name"])


now = {
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
}
if len(sys.argv) > 1:
    with open(sys.argv[1]) as f:
        then = json.load(f)
    now = {k: join(then[k], v) for k, v in now.items()}
print(json.dumps(now, indent=1))
