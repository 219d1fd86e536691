"""What h5py sees in a file, as JSON: the second opinion on files of h5lite.

    python3 h5py_dump.py FILE...

prints {FILE: {PATH: {...}, "PATH@ATTRIBUTE": {...}}}, hashes as in
horn h5 dump: sha256 of little-endian elements in C order, variable-length
strings after their length as 4 bytes.
"""
import hashlib
import json
import sys

import h5py
import numpy as np


def digest(array, dtype):
    h = hashlib.sha256()
    info = h5py.check_string_dtype(dtype)
    if info is not None and info.length is None:
        for value in np.asarray(array, dtype=object).ravel():
            value = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else bytes(value)
            h.update(len(value).to_bytes(4, "little") + value)
    else:
        array = np.ascontiguousarray(array)
        if array.dtype.byteorder == ">" or (array.dtype.byteorder == "=" and sys.byteorder == "big"):
            array = array.byteswap()
        h.update(array.tobytes())
    return h.hexdigest()


def name(dtype):
    info = h5py.check_string_dtype(dtype)
    if info is not None and info.length is None:
        return "str"
    return dtype.str if dtype != np.dtype(bool) else "|b1"


def describe(shape, dtype, read):
    if shape is None:
        return {"shape": None, "dtype": name(dtype)}
    return {"shape": list(shape), "dtype": name(dtype), "sha256": digest(read(), dtype)}


def attributes(path, obj, out):
    for key in obj.attrs:
        a = obj.attrs.get_id(key)
        value = obj.attrs[key]
        if isinstance(value, h5py.Empty):
            out[path + "@" + key] = {"shape": None, "dtype": name(value.dtype)}
            continue
        if a.dtype.kind in "SV" and h5py.check_string_dtype(a.dtype) is not None or a.dtype.kind == "V":
            value = np.empty(a.shape, a.dtype)
            a.read(value)
        out[path + "@" + key] = describe(a.shape, a.dtype, lambda: value)


def walk(path, group, seen, out):
    for key in sorted(group, key=lambda k: k.encode("utf-8", "surrogateescape")):
        link = group.get(key, getlink=True)
        here = path.rstrip("/") + "/" + key
        if isinstance(link, h5py.SoftLink):
            out[here] = {"kind": "soft", "target": link.path}
            continue
        if isinstance(link, h5py.ExternalLink):
            out[here] = {"kind": "external", "target": link.path, "file": link.filename}
            continue
        obj = group[key]
        address = h5py.h5o.get_info(obj.id).addr
        if address in seen:
            out[here] = {"kind": "alias", "of": seen[address]}
            continue
        seen[address] = here
        one(here, obj, seen, out)


def one(path, obj, seen, out):
    if isinstance(obj, h5py.Dataset):
        dtype = obj.dtype
        out[path] = {"kind": "dataset", **describe(obj.shape, dtype, lambda: obj[()])}
    elif isinstance(obj, h5py.Datatype):
        out[path] = {"kind": "datatype"}
    else:
        out[path] = {"kind": "group", "members": len(obj)}
    attributes(path, obj, out)
    if isinstance(obj, h5py.Group):
        walk(path, obj, seen, out)


def dump(file):
    out = {}
    with h5py.File(file, "r") as f:
        seen = {h5py.h5o.get_info(f.id).addr: "/"}
        one("/", f["/"], seen, out)
    return out


if __name__ == "__main__":
    json.dump({file: dump(file) for file in sys.argv[1:]}, sys.stdout)
