"""The progress line: one line at every width and in every encoding, and a remaining time that falls."""

from __future__ import annotations

import fcntl
import io
import math
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest

from holdfast.core.progress import Progress, Throughput
from holdfast.report.progress import LINE_SECONDS, ProgressPrinter, fitted

PROGRAM = """
import time
from holdfast.core.progress import Progress
from holdfast.report.progress import ProgressPrinter
with ProgressPrinter() as printer:
    for step in range(4):
        printer("recall of a long name, prenorm(gru)", Progress(step, step, 8, 600.0, 1, 12345.0, 0.125, step / 8))
        time.sleep(0.26)
"""
MOVES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def in_terminal(columns: int, **environment: str) -> str:
    """What the program writes to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    told = {**kept, "TERM": "xterm", **environment}
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stderr=theirs, env=told) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            written += piece
        os.close(ours)
    assert process.returncode == 0
    return written.decode(environment.get("PYTHONIOENCODING", "utf-8"))


def lines(written: str) -> set[str]:
    """What stood in the terminal, one after the other."""
    return {MOVES.sub("", line) for line in re.split(r"[\r\n]", written) if MOVES.sub("", line).strip()}


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_one_live_line_at_every_width(columns):
    written = in_terminal(columns)
    assert written.count("\n") <= 1  # the one at its end, before it is cleared
    shown = lines(written)
    assert len(shown) >= 2
    assert all("loss 0.125" in line and len(line) < columns for line in shown), shown
    assert written.endswith("\x1b[2K")  # it is cleared


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
def test_every_encoding_has_its_signs(encoding):
    shown = lines(in_terminal(80, PYTHONIOENCODING=encoding))
    assert all(len(line) < 80 for line in shown)
    assert any("..." in line or "…" in line or "recall of a long name, prenorm(gru)" in line for line in shown)
    assert not any("\\u" in line or "?" in line for line in shown)


def test_no_colour_is_kept():
    colours = re.compile(r"\x1b\[[0-9;]*m")
    assert not colours.search(in_terminal(80, NO_COLOR="1"))


def test_a_terminal_without_cursor_control_gets_plain_lines(monkeypatch):
    assert lines(in_terminal(80, TERM="dumb")) == set()  # the program ends before the first is due
    clock, file = Clock(), io.StringIO()
    monkeypatch.setattr(file, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "60")
    printer = ProgressPrinter(file, clock)
    clock.now += LINE_SECONDS
    printer.say("building")
    clock.now += LINE_SECONDS
    printer("recall, gru", Progress(1, 2, 4, 65.0, loss=0.125, share=0.5))
    assert file.getvalue() == "building\nrecall, gru  1/4 solved  loss 0.125  at most 1 min 05 s left\n"


def test_a_pipe_gets_a_line_every_ten_seconds_even_when_colours_are_forced(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    clock, file = Clock(), io.StringIO()
    printer = ProgressPrinter(file, clock)
    for _ in range(300):
        clock.now += 0.1
        printer("echo, lstm", Progress(1, 2, 4, 65.0, 10, 1234.5, 0.5, 0.25))
    bar = "█████░░░░░░░░░░░░░░░"
    said = f"echo, lstm  {bar}  1 solved, 2 of 4 finished  loss 0.5  1,234 sequences/s  at most 1 min 05 s left"
    assert file.getvalue().splitlines() in ([said] * 2, [said] * 3)


def test_control_characters_of_names_are_escaped():
    clock, file = Clock(), io.StringIO()
    printer = ProgressPrinter(file, clock)
    clock.now = LINE_SECONDS
    printer.say("net\x1b[31m")
    assert file.getvalue() == "net\\x1b[31m\n"


def test_wide_characters_are_counted_by_their_columns():
    from rich.cells import cell_len

    for width in range(12, 80):
        assert cell_len(fitted("日本語" * 20, Progress(1, 2, 4, 65.0, loss=0.5), width)) <= width


def test_the_remaining_time_falls_between_two_reports():
    progress = Progress(0, 0, 4, 100.0)
    assert "1 min 40 s left" in fitted("x", progress, 80)
    assert "1 min 10 s left" in fitted("x", progress, 80, ago=30.0)
    assert "0 s left" in fitted("x", progress, 80, ago=300.0)


def test_the_pace_is_measured_after_compilation():
    """Compiling takes 40 s, then 100 of 1000 are done each second."""
    clock = Clock()
    pace = Throughput(clock=clock)
    clock.now = 40.0
    assert math.isinf(pace.seconds_left(0, 1000))
    assert math.isinf(pace.seconds_left(1, 999))  # the first piece, which contains the compilation
    left = []
    for second in range(1, 10):
        clock.now = 40.0 + second
        left.append(pace.seconds_left(100 * second, 1000 - 100 * second))
    assert left == pytest.approx([10 - second for second in range(1, 10)], rel=0.02)


def test_what_was_slow_at_the_beginning_is_forgotten():
    clock = Clock()
    pace = Throughput(clock=clock)
    for second in range(1, 101):
        clock.now = float(second)
        left = pace.seconds_left(second if second <= 40 else 40 + 100 * (second - 40), 1000)
    assert left == pytest.approx(10.0)


def test_finished_work_needs_no_time():
    assert Throughput(5.0).seconds_left(5.0, 0.0) == 0.0
