"""Temporary files of killed processes go at the next write, those of living ones stay; only files are replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from holdfast.core import files
from holdfast.core.errors import BadRun
from holdfast.core.files import check_folder, check_writable, remove_stale, write_atomically

KILLED = """
import os, signal, sys
from pathlib import Path
from holdfast.core.files import write_atomically
os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL)
write_atomically(Path(sys.argv[1]), "new")
"""
WAITS = """
import os, sys
from pathlib import Path
from holdfast.core.files import write_atomically
sync = os.fsync
def wait(file):
    print("writing", flush=True)
    sys.stdin.readline()
    sync(file)
os.fsync = wait
write_atomically(Path(sys.argv[1]), "slow")
"""
WRITES = """
import sys
from pathlib import Path
from holdfast.core.files import write_atomically
for number in range(100):
    write_atomically(Path(sys.argv[1]), sys.argv[2] * 1000)
"""


def left(folder):
    return sorted(name for name in os.listdir(folder) if name.startswith(files.PREFIX))


def test_the_file_of_a_killed_process_is_removed_by_the_next_write(tmp_path):
    (tmp_path / "result").write_text("old")
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path / "result"])
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "result").read_text() == "old"
    assert len(left(tmp_path)) == 1
    write_atomically(tmp_path / "another", "text")
    assert left(tmp_path) == []
    assert (tmp_path / "result").read_text() == "old"


def test_the_file_of_a_living_process_is_left_alone(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", WAITS, tmp_path / "slow"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "writing\n"
    write_atomically(tmp_path / "quick", "text")
    assert len(left(tmp_path)) == 1
    process.communicate("\n\n")
    assert process.returncode == 0
    assert (tmp_path / "slow").read_text() == "slow"
    assert left(tmp_path) == []


def test_a_file_that_is_taken_for_stale_between_its_making_and_its_lock_is_made_again(tmp_path, monkeypatch):
    make, made = files.tempfile.mkstemp, []

    def seen_by_another(**where):
        handle, name = make(**where)
        made.append(name)
        if len(made) == 1:
            remove_stale(tmp_path)
        return handle, name

    monkeypatch.setattr(files.tempfile, "mkstemp", seen_by_another)
    write_atomically(tmp_path / "result", "text")
    assert len(made) == 2
    assert (tmp_path / "result").read_text() == "text"
    assert left(tmp_path) == []


@pytest.mark.slow
def test_processes_that_write_one_file_at_once_do_not_break_each_other(tmp_path):
    place = tmp_path / "shared"
    running = [subprocess.Popen([sys.executable, "-c", WRITES, place, letter]) for letter in "abc"]
    threads = [threading.Thread(target=write_atomically, args=(place, "d" * 1000)) for _ in range(20)]
    for thread in threads:
        thread.start()
    while any(process.poll() is None for process in running):
        if place.exists():
            content = place.read_text()
            assert len(content) == 1000
            assert len(set(content)) == 1
    for thread in threads:
        thread.join()
    assert [process.returncode for process in running] == [0, 0, 0]
    assert left(tmp_path) == []


def test_only_names_that_are_ours_are_removed(tmp_path):
    kept = [".holdfast-short.tmp", ".holdfast-abcdefgh.txt", "holdfast-abcdefgh.tmp", ".holdfast-ABCDEFGH.tmp"]
    for name in (*kept, ".holdfast-abcdefgh.tmp"):
        (tmp_path / name).touch()
    remove_stale(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted(kept)


def test_without_locks_nothing_is_removed(tmp_path, monkeypatch):
    (tmp_path / ".holdfast-abcdefgh.tmp").touch()

    def none(*_):
        raise OSError("no locks here")

    monkeypatch.setattr(files.fcntl, "flock", none)
    write_atomically(tmp_path / "result", "text")
    assert (tmp_path / "result").read_text() == "text"
    assert len(left(tmp_path)) == 1


def test_a_name_may_be_as_long_as_the_system_has_them(tmp_path):
    write_atomically(tmp_path / ("n" * 255), "text")
    assert (tmp_path / ("n" * 255)).read_text() == "text"


def test_the_folder_is_put_on_the_disk_after_the_move(tmp_path, monkeypatch):
    acts, move = [], os.replace

    def moved(source, target):
        acts.append("move")
        move(source, target)

    monkeypatch.setattr(os, "fsync", lambda file: acts.append("folder" if os.path.isdir(f"/dev/fd/{file}") else "file"))
    monkeypatch.setattr(os, "replace", moved)
    write_atomically(tmp_path / "result", "text")
    assert acts == ["file", "move", "folder"]


@pytest.mark.parametrize("act", [write_atomically, lambda path, _: check_writable(path)], ids=["write", "check"])
def test_a_pipe_or_device_is_never_replaced(tmp_path, act):
    os.mkfifo(tmp_path / "pipe")
    os.symlink(tmp_path / "pipe", tmp_path / "link")
    for name in ("pipe", "link"):
        with pytest.raises(BadRun, match="it is a device or a pipe"):
            act(tmp_path / name, "text")
    assert (tmp_path / "pipe").is_fifo()


def test_text_with_a_byte_that_is_none_is_written_as_an_escape(tmp_path):
    write_atomically(tmp_path / "page", '"n\udcff"')
    assert (tmp_path / "page").read_bytes() == b'"n\\udcff"'


@pytest.mark.parametrize("name", ["file/x", "file", "file/x/y", "n" * 300, "n" * 300 + "/x"])
def test_a_folder_that_cannot_be_made_is_told_before_the_work(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(BadRun, match="cannot create the folder"):
        check_folder(tmp_path / name)


def test_a_folder_that_can_be_made_is_not_made_yet(tmp_path, monkeypatch):
    check_folder(tmp_path / "a" / "b")
    monkeypatch.chdir(tmp_path)
    check_folder("c/d")
    assert os.listdir(tmp_path) == []
