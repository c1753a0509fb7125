"""Exit codes and messages where something goes wrong that no user did: 70 and a traceback, or one clear message."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
import unicodedata

import pytest

from holdfast.cli import _main
from holdfast.cli._exits import Exit
from holdfast.cli._main import main
from holdfast.engine.files import save
from holdfast.engine.initialise import build

HOLDFAST = [sys.executable, "-m", "holdfast"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def failing(monkeypatch):
    """Let the verb raise this error."""

    def plant(error):
        def run(words):
            raise error

        monkeypatch.setattr(_main, "_run", run)

    return plant


def test_an_internal_error_is_exit_code_70_one_message_and_the_traceback(failing, capsys):
    failing(ValueError("odd\x1b[31m\nthing"))
    assert main(["list"]) == 70
    out, err = capsys.readouterr()
    message, fix, rest = err.split("\n", 2)
    assert message == r"holdfast: internal error: ValueError: odd\x1b[31m thing."
    assert "fault of holdfast" in fix
    assert rest.startswith("Traceback (most recent call last):")
    assert "in run" in rest
    assert "\x1b" not in err
    assert out == ""


def test_an_internal_error_is_one_json_document(failing, capsys):
    failing(AssertionError())
    assert main(["list", "--json"]) == Exit.INTERNAL
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["kind"] == "InternalError"
    assert error["message"] == "internal error: AssertionError."


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENAMETOOLONG, "File name too long", "xx\x07"), r"xx\x07 cannot be used: File name too long."),
        (OSError(errno.ENOSPC, "No space left on device"), "the output cannot be used: No space left on device."),
        (PermissionError(errno.EACCES, "Permission denied", b"n\xff"), r"n\udcff cannot be used: Permission denied."),
        (MemoryError(), "out of memory."),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 1 bytes."), "out of memory."),
    ],
)
def test_what_the_machine_lacks_is_a_message_and_no_traceback(error, message, failing, capsys, monkeypatch):
    monkeypatch.setattr(_main, "abandon_output", lambda: None)
    failing(error)
    assert main(["list"]) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert err.count("holdfast: ") == 1
    assert "Traceback" not in err
    assert out == ""


@pytest.mark.parametrize(
    "error", [RecursionError("maximum recursion depth exceeded"), OSError("no errno"), ImportError("broken")]
)
def test_other_errors_are_internal(error, failing, capsys):
    failing(error)
    assert main(["list"]) == 70
    assert type(error).__name__ in capsys.readouterr().err


def test_an_interrupt_is_130(failing, capsys):
    failing(KeyboardInterrupt())
    assert main(["list"]) == 130
    assert capsys.readouterr().err == "holdfast: interrupted before there was a result.\n"


@pytest.mark.parametrize(
    "words", [["show", "a\x1b]0;x\x07\nb"], ["trian\u202e"], ["train", "recall", "--units", "\x9b"]]
)
def test_no_control_character_reaches_the_terminal(words, capsys):
    assert main(words) == 2
    err = capsys.readouterr().err
    lines = err.removesuffix("\n").split("\n")
    assert len(lines) <= 2
    assert not [c for line in lines for c in line if unicodedata.category(c) in ("Cc", "Cf")]


def test_a_value_that_argparse_would_lose_is_a_mistake(capsys):
    assert main(["import", "x.onnx", "--from=--"]) == 2
    assert "--from: expected one argument" in capsys.readouterr().err


CODES = {
    "list": 0,
    "show lstm": 0,
    "show recall": 0,
    "show gradient_flow": 0,
    "construct recall --steps 4": 0,
    "demo --epochs 1 --initialisations 0 --units 2": 1,
    "show 名": 2,
}


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
@pytest.mark.parametrize("words", CODES)
def test_every_encoding_takes_what_verbs_print(words, encoding, monkeypatch):
    """As with PYTHONIOENCODING: a strict stream, which raises at the first character that it lacks."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2)]
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    assert main(words.split()) == CODES[words]
    for stream in streams:
        stream.flush()
    told = streams[0].buffer.getvalue().decode(encoding)
    assert "\\u" not in told
    assert bool(told) == (CODES[words] != 2)


def test_the_encodings_are_seen_to_fail_where_streams_are_not_prepared(monkeypatch, capsys, tmp_path):
    """Text and tables are spelled before their layout; a map of weights is not."""
    save(build("lstm", inputs=1, units=8, outputs=1), tmp_path / "net.safetensors")
    monkeypatch.setattr(_main, "prepare_streams", lambda: None)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert main(["show", str(tmp_path / "net.safetensors")]) == 70
    assert "UnicodeEncodeError" in capsys.readouterr().err


def test_an_ascii_table_keeps_its_columns(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    from holdfast.core.results import Table
    from holdfast.report.terminal import draw

    main(["--version"])
    draw([Table(("a", "b"), (("σ", "one"), ("x\n", "two")))])
    stream.flush()
    assert stream.buffer.getvalue().decode().splitlines()[1:] == ["a      b", "sigma  one", "x\\n    two"]


def test_a_full_disk_below_the_output_is_one_message():
    with open("/dev/full", "w") as full:
        done = subprocess.run([*HOLDFAST, "list"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr == "holdfast: a file or the output cannot be used: No space left on device.\n"


def test_streams_that_were_closed_are_no_error():
    for closed in (">&-", "2>&-"):
        done = subprocess.run(f"{sys.executable} -m holdfast list {closed}", shell=True, capture_output=True, text=True)
        assert done.returncode == 0
        assert done.stderr == ""


def test_a_name_that_is_no_text_is_told_in_the_c_locale():
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    words = [*map(os.fsencode, HOLDFAST), b"test", b"n\xff\xc3\x97.safetensors"]
    done = subprocess.run(words, env=os.environ | plain, capture_output=True)
    assert done.returncode == 2
    assert done.stderr.startswith(b"holdfast: there is no file n\\udcff\\udcc3\\udc97.safetensors.")
