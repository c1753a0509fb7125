"""safetensors: a header is compared with its file before a number is read; the same arrays give the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save as save_unsorted

from holdfast.core.errors import BadFile
from holdfast.core.tensors import as_bytes, read_arrays, read_header, save

ARRAYS = {
    "matrix": np.arange(6, dtype=np.float32).reshape(2, 3),
    "step": np.array(7, np.int32),
    "wide": np.ones(3),
    "flags": np.array([True, False]),
    "none": np.zeros((0, 3), np.float32),
}
WORDS = {f"word{n}": f"é {n}" for n in range(12)}


def written(path, header, numbers=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + numbers)
    return path


def test_what_is_written_is_read_here_and_by_the_library(tmp_path):
    save(ARRAYS, WORDS, tmp_path / "f")
    assert read_header(tmp_path / "f").metadata == WORDS
    with safe_open(tmp_path / "f", framework="numpy") as file:
        assert file.metadata() == WORDS
    read = read_arrays(tmp_path / "f")
    assert read.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(read[name], array, strict=True)


def test_numbers_begin_at_a_multiple_of_eight_bytes():
    for n in range(20):
        content = as_bytes({"a": np.ones(2)}, {"word": "x" * n})
        assert int.from_bytes(content[:8], "little") % 8 == 0


PROGRAM = """
import sys, numpy as np
from holdfast.core.tensors import as_bytes
from safetensors.numpy import save
words = {f"word{n}": str(n) for n in range(12)}
which = as_bytes if sys.argv[1] == "ours" else save
sys.stdout.write(which({"b": np.ones(3), "a": np.zeros(2)}, words).hex())
"""


def test_every_process_writes_the_same_bytes():
    def of(which):
        # Threads and processes have other seeds of the hash maps in which the library keeps metadata.
        ran = [
            subprocess.run([sys.executable, "-c", PROGRAM, which], env=os.environ, capture_output=True, check=True)
            for _ in range(3)
        ]
        return {run.stdout for run in ran}

    assert len(of("ours")) == 1
    assert len(of("library")) > 1, "the library has begun to sort: then this file need not"


STORED = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
FOREIGN = {
    "no header": (b"", b"", "no length of a header"),
    "a key twice": (b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "a": 1}', bytes(8), "occurs twice"),
    "a list": ([], b"", "expected an object"),
    "a number": ({"a": 3}, b"", "tensor 'a': the document is 3, expected an object"),
    "metadata of numbers": ({"__metadata__": {"a": 1}}, b"", "metadata"),
    "another field": ({"a": {**STORED, "more": 1}}, bytes(8), "has the field 'more'"),
    "a negative size": ({"a": {**STORED, "shape": [-2]}}, bytes(8), "shape[0] is -2, expected a whole number >= 0"),
    "a size of no end": ({"a": {**STORED, "shape": [2**40, 2**40]}}, bytes(8), "expected [0, "),
    "a negative offset": ({"a": {**STORED, "data_offsets": [-8, 0]}}, bytes(8), "data_offsets[0] is -8"),
    "an offset past the end": ({"a": {**STORED, "data_offsets": [8, 16]}}, bytes(8), "expected [0, 8]"),
    "numbers that overlap": ({"a": STORED, "b": STORED}, bytes(8), "lies at [0, 8], expected [8, 16]"),
    "too few bytes": ({"a": STORED}, bytes(7), "its tensors have 8 bytes and 7 follow its header"),
    "too many bytes": ({"a": STORED}, bytes(9), "its tensors have 8 bytes and 9 follow its header"),
    "an unknown format": ({"a": {**STORED, "dtype": "F4"}}, bytes(8), "holds 'F4'"),
}  # fmt: skip


@pytest.mark.parametrize(("header", "numbers", "why"), FOREIGN.values(), ids=FOREIGN)
def test_a_header_that_does_not_fit_its_file_is_refused(header, numbers, why, tmp_path):
    with pytest.raises(BadFile, match=r"cannot be read as safetensors: ") as caught:
        read_header(written(tmp_path / "f", header, numbers))
    assert why in caught.value.message


def test_a_header_that_claims_to_be_long_is_not_waited_for(tmp_path):
    (tmp_path / "f").write_bytes((2**60).to_bytes(8, "little") + b"{}")
    began = time.process_time()
    with pytest.raises(BadFile, match="no length of a header"):
        read_header(tmp_path / "f")
    assert time.process_time() - began < 0.1


def test_files_of_the_library_are_read(tmp_path):
    (tmp_path / "f").write_bytes(save_unsorted(ARRAYS, WORDS))
    assert read_header(tmp_path / "f").metadata == WORDS
