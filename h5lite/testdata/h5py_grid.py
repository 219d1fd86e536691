"""Writes files with h5py over a random grid of types, shapes, layouts, filters,
links and library versions, for h5lite to read.

    python3 h5py_grid.py FOLDER COUNT SEED
"""
import os
import random
import sys

import h5py
import numpy as np

TYPES = ["i1", "u1", "<i2", ">i2", "<u2", ">u2", "<i4", ">i4", "<u4", ">u4", "<i8", ">i8", "<u8", ">u8",
         "<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "?", "S1", "S7", "S33", "str", "ascii", "V2", "V5"]


def values(rng, kind, shape):
    count = int(np.prod(shape, dtype=int))
    np_rng = np.random.default_rng(rng.randrange(1 << 30))
    if kind == "str":
        texts = ["".join(rng.choice("abcäöü漢字😀 \t") for _ in range(rng.choice([0, 1, 5, 40, 3000 if count < 50 else 8])))
                 for _ in range(count)]
        return np.array(texts, dtype=object).reshape(shape), h5py.string_dtype("utf-8")
    if kind == "ascii":
        return np.array(["x" * rng.randrange(20) for _ in range(count)], dtype=object).reshape(shape), h5py.string_dtype("ascii")
    dtype = np.dtype(kind)
    if kind == "?":
        return np_rng.integers(0, 2, count).astype(bool).reshape(shape), dtype
    if dtype.kind in "SV":
        raw = np_rng.integers(1, 127, (count, dtype.itemsize), dtype=np.uint8)
        return np.frombuffer(raw.tobytes(), dtype=dtype).reshape(shape) if count else np.empty(shape, dtype), dtype
    if dtype.kind == "f":
        return np_rng.standard_normal(count).astype(dtype).reshape(shape), dtype
    raw = np_rng.integers(0, 256, count * dtype.itemsize, dtype=np.uint8)
    return np.frombuffer(raw.tobytes(), dtype=dtype).reshape(shape), dtype


def shape_of(rng, most=4):
    return tuple(rng.choice([0, 1, 2, 3, 5, 8, 13, 30] if rng.random() < 0.2 else [1, 2, 3, 5, 8, 13, 30])
                 for _ in range(rng.randrange(most + 1)))


def dataset(rng, group, key, latest):
    kind, shape = rng.choice(TYPES), shape_of(rng)
    if rng.random() < 0.05:
        group.create_dataset(key, data=h5py.Empty(np.dtype("<f4")))
        return
    data, dtype = values(rng, kind, shape)
    options = {}
    layout = rng.choice(["contiguous", "compact", "chunked", "chunked", "chunked"])
    if layout == "compact" and dtype.hasobject is False and data.nbytes < 60000:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple(shape) if shape else h5py.h5s.create(h5py.h5s.SCALAR)
        h5py.h5d.create(group.id, key.encode(), h5py.h5t.py_create(dtype, logical=True), space, plist)
        if data.size:
            group[key][...] = data
        return
    if layout == "chunked" and shape:
        options["chunks"] = tuple(rng.randrange(1, max(n, 1) + 1) for n in shape)
        if np.prod([-(-n // c) for n, c in zip(shape, options["chunks"])]) > 5000:
            options["chunks"] = tuple(max(n, 1) for n in shape)
        many = rng.choice([0, 0, 1, 2])
        unlimited = set(rng.sample(range(len(shape)), min(many, len(shape))))
        options["maxshape"] = tuple(None if i in unlimited else n + (rng.choice([0, 0, 4]) if n else 1) for i, n in enumerate(shape))
        if rng.random() < 0.6:
            options["compression"], options["compression_opts"] = "gzip", rng.randrange(1, 10)
        options["shuffle"] = rng.random() < 0.4
        options["fletcher32"] = rng.random() < 0.3 and not dtype.hasobject
        if rng.random() < 0.3 and dtype.kind in "iuf":
            options["fillvalue"] = 7
    if rng.random() < 0.2 and shape and data.size and dtype.kind in "iuf":
        d = group.create_dataset(key, shape, dtype, **options)  # partly written
        part = tuple(slice(0, rng.randrange(1, n + 1)) for n in shape)
        d[part] = data[part]
        if rng.random() < 0.3 and "maxshape" in options and None in options["maxshape"]:
            axis = options["maxshape"].index(None)
            d.resize(rng.randrange(1, 40), axis=axis)
    else:
        group.create_dataset(key, shape, dtype, data=data, **options)


def attribute(rng, obj, key):
    if rng.random() < 0.1:
        obj.attrs[key] = h5py.Empty(np.dtype(rng.choice(["<f4", "i1"])))
        return
    kind = rng.choice([t for t in TYPES if t[0] != "V"])
    data, dtype = values(rng, kind, shape_of(rng, 2))
    obj.attrs.create(key, data, dtype=dtype)


def write(rng, file, version):
    with h5py.File(file, "w", libver=version, userblock_size=rng.choice([0, 0, 0, 512, 2048])) as f:
        latest = version[0] != "earliest"
        groups = [f["/"]]
        for i in range(rng.randrange(1, 6)):
            parent = rng.choice(groups)
            groups.append(parent.create_group("g%d" % i, track_order=rng.random() < 0.3))
        for i in range(rng.randrange(4, 14)):
            group = rng.choice(groups)
            try:
                dataset(rng, group, "d%d" % i, latest)
            except ValueError:  # a filter that the type cannot have
                pass
        for i in range(rng.randrange(12)):
            attribute(rng, rng.choice(groups), "attribute %d ä" % i)
        if rng.random() < 0.4:
            crowd = f.create_group("crowd")
            for i in range(rng.choice([9, 60, 700])):
                crowd.create_group("layer_%d" % i)
            for i in range(rng.choice([0, 3, 9, 80])):
                crowd.attrs["a%d" % i] = i
        if latest and rng.random() < 0.3:
            f.attrs["large"] = np.arange(rng.choice([9000, 30000]))
        f["soft"] = h5py.SoftLink("/g0/nothing")
        f["outside"] = h5py.ExternalLink("other.h5", "/x")
        f["g0/again"] = groups[-1]
        if rng.random() < 0.5:
            f["type"] = np.dtype("<f8")


def main():
    folder, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    versions = [("earliest", "latest"), ("latest", "latest")]
    for v in ("v108", "v110", "v112", "v114", "v200"):
        try:
            with h5py.File("probe", "w", libver=(v, v), driver="core", backing_store=False):
                versions.append((v, v))
        except (ValueError, KeyError):
            pass
    for i in range(count):
        write(random.Random(seed * 1000 + i), os.path.join(folder, "grid_%03d.h5" % i), versions[i % len(versions)])
    print(h5py.version.version, h5py.version.hdf5_version, versions)


if __name__ == "__main__":
    main()
