"""The cache on disk: what is written is read again; what is damaged, foreign or not enabled is not."""

from __future__ import annotations

import pytest

from holdfast.core import cache


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOLDFAST_CACHE", str(tmp_path))
    monkeypatch.setattr(cache, "_enabled", True)
    return tmp_path


def test_an_entry_is_read_again(folder):
    cache.write("kind", "key", b"content")
    assert cache.read("kind", "key") == b"content"
    assert cache.read("kind", "another key") is None
    assert cache.read("another kind", "key") is None


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:40] + b"x" + b[41:], lambda b: b"", lambda b: b[1:]])
def test_a_damaged_entry_reads_as_none(folder, damage):
    cache.write("kind", "key", b"content of some length")
    (file,) = (folder / "kind").iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert cache.read("kind", "key") is None


def test_the_oldest_entries_are_removed(folder, monkeypatch):
    monkeypatch.setattr(cache, "MOST_FILES", 3)
    for number in range(5):
        cache.write("kind", str(number), b"")
    assert len(list((folder / "kind").iterdir())) == 3
    assert cache.read("kind", "4") == b""
    assert cache.read("kind", "0") is None


def test_a_folder_that_cannot_be_made_keeps_nothing(folder):
    (folder / "kind").write_text("a file")
    cache.write("kind", "key", b"content")
    assert cache.read("kind", "key") is None


def test_nothing_is_kept_before_it_is_enabled(folder, monkeypatch):
    monkeypatch.setattr(cache, "_enabled", False)
    cache.write("kind", "key", b"content")
    assert list(folder.iterdir()) == []
