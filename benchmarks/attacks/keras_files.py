"""Attacks on .keras files: bytes, description, archive (zip bombs, members outside), HDF5 weights."""

from __future__ import annotations

import io
import json
import random
import zipfile

from attacks import mutations

WEIGHTS = "model.weights.h5"


def mutated(random: random.Random, content: bytes) -> bytes:
    act = random.randrange(10)
    if act < 3:
        return mutations.of_bytes(random, content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    if act < 6:
        members["config.json"] = mutations.of_json(random, json.loads(members["config.json"])).encode(
            "utf-8", "replace"
        )
    elif act == 6:
        members["config.json"] = _crafted(random, json.loads(members["config.json"]))
    elif act == 7:
        members[WEIGHTS] = mutations.of_bytes(random, members[WEIGHTS])
    elif act == 8:
        members[WEIGHTS] = _weights(random, members[WEIGHTS])
    else:
        return _archive(random, members)
    return _zipped(members)


def _zipped(members: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _crafted(random: random.Random, config: dict) -> bytes:
    """Layers that ask for memory, or name what is no layer."""
    layer = random.choice(config["config"]["layers"])
    act = random.randrange(5)
    if act == 0:
        layer["config"]["units"] = random.choice((0, -1, 10**6, 10**9, 2**40, 1.5, "3"))
    elif act == 1:
        layer["build_config"] = {"input_shape": [None, None, random.choice((0, -1, 10**6, 10**9, 2**40))]}
    elif act == 2:
        config["config"]["layers"] *= random.choice((2, 300))
    elif act == 3:
        calls = ({"module": "keras.utils", "class_name": "function", "config": "get_file"},
                 {"module": "os", "class_name": "system", "config": "true"},
                 {"class_name": "__lambda__", "config": {"value": "AA=="}},
                 {"module": "builtins", "class_name": "function", "config": "eval"})  # fmt: skip
        layer["config"][random.choice(("kernel_initializer", "activation", "name"))] = random.choice(calls)
    else:
        layer["config"]["batch_shape"] = [random.choice((None, 10**9)), random.choice((None, 10**9)), 10**9]
    return json.dumps(config).encode()


def _weights(random: random.Random, content: bytes) -> bytes:
    import h5py

    buffer = io.BytesIO(content)
    with h5py.File(buffer, "r+") as file:
        sets: list[str] = []
        file.visititems(lambda name, part: sets.append(name) if isinstance(part, h5py.Dataset) else None)
        name, act = random.choice(sets), random.randrange(6)
        shape = file[name].shape
        del file[name]
        if act == 0:  # any size, none of it stored
            file.create_dataset(name, (random.choice((10**6, 10**9, 2**40)), *shape[1:]), "f4", chunks=True)
        elif act == 1:
            file[name] = h5py.ExternalLink(random.choice(("/etc/passwd", "../x.h5", "case")), "/x")
        elif act == 2:
            file[name] = h5py.SoftLink(random.choice((f"/{name}", "/", "/nowhere")))
        elif act == 3:
            file[name] = file[name.rsplit("/", 2)[0]]  # a group that holds itself
        elif act == 4:
            file.create_dataset(name, data=b"text")
        else:
            file.create_dataset(name, shape, "f4", external=[("/etc/passwd", 0, 10**6)])
    return buffer.getvalue()


def _archive(random: random.Random, members: dict[str, bytes]) -> bytes:
    act = random.randrange(5)
    if act == 0:  # a thousand times as large as it looks
        bomb = random.choice(list(members))
        return _zipped({**members, bomb: bytes(random.choice((10**7, 6 * 10**8)))}, zipfile.ZIP_DEFLATED)
    if act == 1:
        return _zipped({**members, random.choice(("../../x", "/etc/x", "assets/x", "model.weights.npz")): b"x"})
    if act == 2:
        del members[random.choice(list(members))]
        return _zipped(members)
    if act == 3:
        return _zipped(members, random.choice((zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)))
    content = bytearray(_zipped(members))
    place = content.rindex(b"PK\x01\x02") + random.choice((10, 20, 24, 28, 42))  # method, sizes, lengths, offset
    content[place : place + 4] = random.randbytes(4)
    return bytes(content)
