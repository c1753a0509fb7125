"""Attacks on safetensors files: on their bytes, their header, their metadata, and the documents in the metadata."""

from __future__ import annotations

import json
import random

from attacks import mutations


def mutated(random: random.Random, content: bytes) -> bytes:
    """One mutation of a file: most of them where it is read as a document."""
    act = random.randrange(10)
    if act < 3:
        return mutations.of_bytes(random, content)
    end = 8 + int.from_bytes(content[:8], "little")
    header, numbers = json.loads(content[8:end]), content[end:]
    if act < 5:
        return _file(mutations.of_json(random, header), numbers)
    if act == 5:
        return _file(_crafted(random, header), numbers)
    words = header.get("__metadata__", {})
    documents = [name for name, text in words.items() if text[:1] in "[{"]
    if documents and act < 9:
        name = random.choice(documents)
        words[name] = mutations.of_json(random, json.loads(words[name]))
    elif words:
        name = random.choice(list(words))
        words[name] = random.choice(("", "0", "-1", "1", "3", "1000000000", "9" * 5000, "x", "gru", "lstm", "٣", "1e3",
                                     "[" * 3000, '{"a":' * 3000, "NaN", "null", "[]", "3.0", " 3", "\x00"))  # fmt: skip
    return _file(json.dumps(header), numbers)


def _file(header: str, numbers: bytes) -> bytes:
    text = header.encode("utf-8", "surrogatepass")
    return len(text).to_bytes(8, "little") + text + numbers


def _crafted(random: random.Random, header: dict) -> str:
    """Sizes that are consistent with each other and not with the file, other number formats, names that are none."""
    tensors = {name: stored for name, stored in header.items() if name != "__metadata__"}
    name = random.choice(list(tensors))
    stored, act = tensors[name], random.randrange(7)
    size = random.choice((10**6, 10**9, 2**40, 2**62, -1))
    if act == 0:
        stored["shape"] = [size] * random.choice((1, 2, 3))
    elif act == 1:
        stored["data_offsets"] = random.choice(([size, size + 8], [0, size], [8, 0], [-8, 0], [0], [0, 0, 0]))
    elif act == 2:
        stored["dtype"] = random.choice(("F64", "F16", "BF16", "I64", "U8", "BOOL", "F8_E4M3", "F4", "C64", "f32", 3))
    elif act == 3:
        for word in ("units", "inputs", "layers", "outputs"):
            if word in header.get("__metadata__", {}) and random.random() < 0.5:
                header["__metadata__"][word] = str(size)
    elif act == 4:
        header["x" * random.choice((1, 10**5))] = stored
    elif act == 5:
        header |= {f"layer{n}.x": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in range(20_000)}
    else:
        header["__metadata__"] = random.choice((None, [], {"format": 3}, {}, {"format": ["pt"]}))
    return json.dumps(header)
