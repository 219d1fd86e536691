"""Makes h5corpus.zip and hostile.zip from the project's corpora.

    python3 -B pack.py GOLDENS HOSTILE BIG

GOLDENS has h5corpus/, HOSTILE has h5/ and the manifests, BIG has h5/ with the
files that HOSTILE/generate/gen_big.py makes. Equal input gives equal zips.
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


def corpus(goldens):
    manifest = json.loads(read(goldens, "h5corpus", "manifest.json"))
    with zipfile.ZipFile("h5corpus.zip", "w") as archive:
        add(archive, "manifest.json", json.dumps({"files": manifest["files"]}, separators=(",", ":")))
        for record in manifest["files"]:
            add(archive, record["file"], read(goldens, "h5corpus", "files", record["file"]))


def hostile(folder, big):
    manifest = json.loads(read(folder, "manifest.json"))
    records = [r for r in manifest["records"] if r["file"].startswith("h5/")]
    for record in records:
        for key in ("as_model", "reference", "error", "mentions"):
            record.pop(key, None)
    names = {r.get("content_of") for r in records} | {r.get("intact") for r in records}
    bases = {k: v for k, v in manifest["bases"].items() if k in names}
    with zipfile.ZipFile("hostile.zip", "w") as archive:
        add(archive, "manifest.json", json.dumps({"bases": bases, "records": records}, separators=(",", ":")))
        add(archive, "flips.json", read(folder, "h5_flips.json"))
        for record in records:
            made = big if record.get("generated") else folder
            add(archive, record["file"], read(made, record["file"]))


if __name__ == "__main__":
    corpus(sys.argv[1])
    hostile(sys.argv[2], sys.argv[3])
