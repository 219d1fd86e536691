"""Makes keras.zip from the project's hostile corpus.

    python3 -B pack.py HOSTILE BIG

HOSTILE has keras/, h5/, the manifests and generate/bases/; BIG has keras/ with the
files that HOSTILE/generate/gen_big.py makes. Equal input gives an equal zip.
"""
import json
import os
import sys
import zipfile


def add(archive, name, data):
    info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    archive.writestr(info, data, compresslevel=9)


def read(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def main(folder, big):
    manifest = json.loads(read(folder, "manifest.json"))
    records = [r for r in manifest["records"] if r["file"].startswith("keras/") or "as_model" in r]
    for record in records:
        record.pop("reference", None)
        if "as_model" in record:
            record.pop("content", None)
    names = {r.get("content_of") for r in records}
    bases = {k: v for k, v in manifest["bases"].items() if k in names}
    with zipfile.ZipFile("keras.zip", "w") as archive:
        add(archive, "manifest.json", json.dumps({"bases": bases, "records": records}, separators=(",", ":")))
        add(archive, "mutations.json", read(folder, "keras_mutations.json"))
        for name in sorted(os.listdir(os.path.join(folder, "generate", "bases"))):
            add(archive, "bases/" + name, read(folder, "generate", "bases", name))
        for record in records:
            add(archive, record["file"], read(big if record.get("generated") else folder, record["file"]))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
