"""A file is written whole or not at all; what was stored before a failure is still there after it."""

from __future__ import annotations

import errno
import os

import pytest

from holdfast.core.errors import BadRun
from holdfast.core.files import write_atomically


@pytest.fixture
def stored(tmp_path):
    file = tmp_path / "result.json"
    file.write_text("old")
    return file


def failing(number):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    return fail


def only(file):
    return os.listdir(file.parent) == [file.name]


@pytest.mark.parametrize(("content", "kept"), [("naïve", "naïve".encode()), (b"\x00\xff", b"\x00\xff"), ("", b"")])
def test_text_and_bytes_are_written_over_what_was_there(stored, content, kept):
    write_atomically(stored, content)
    assert stored.read_bytes() == kept
    assert only(stored)


def test_a_new_file_can_be_read_by_others(tmp_path):
    write_atomically(tmp_path / "new", "text")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("act", ["fsync", "chmod", "replace"])
def test_a_failure_midway_leaves_the_old_file_and_nothing_else(stored, monkeypatch, act):
    monkeypatch.setattr(os, act, failing(errno.ENOSPC))
    with pytest.raises(BadRun) as caught:
        write_atomically(stored, "new")
    monkeypatch.undo()
    assert caught.value.message == f"cannot write {stored}: No space left on device."
    assert caught.value.fix == "Earlier contents are unchanged."
    assert stored.read_text() == "old"
    assert only(stored)


def test_the_old_file_is_whole_until_the_moment_of_the_move(stored, monkeypatch):
    seen = []
    move = os.replace

    def watched(source, target):
        seen.append(stored.read_text())
        move(source, target)

    monkeypatch.setattr(os, "replace", watched)
    write_atomically(stored, "new")
    assert seen == ["old"]
    assert stored.read_text() == "new"


def test_a_folder_that_may_not_be_written_is_told_as_words(stored, monkeypatch):
    monkeypatch.setattr("tempfile.mkstemp", failing(errno.EACCES))
    with pytest.raises(BadRun, match=r"cannot write .*result.json: Permission denied"):
        write_atomically(stored, "new")
    assert stored.read_text() == "old"


def test_a_folder_that_does_not_exist_is_told_as_words(tmp_path):
    with pytest.raises(BadRun, match=r"cannot write .*nowhere/new: No such file or directory"):
        write_atomically(tmp_path / "nowhere" / "new", "text")


def test_an_interruption_leaves_no_stray_file(stored, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(stored, "new")
    assert stored.read_text() == "old"
    assert only(stored)
