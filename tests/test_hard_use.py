"""Small versions of two benchmarks: random command lines end well, and a kill while writing loses nothing."""

from __future__ import annotations

import collections
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import command_lines, killed
from benchmarks.command_lines import Line, drawn, faults_of

ROOT = Path(__file__).parent.parent
DRIVER = """
import sys
sys.path.insert(0, "benchmarks")
from pathlib import Path
import command_lines, forked, killed
from holdfast.cli._parser import Parser
from holdfast.core import files as written
from holdfast.engine import files as networks
forked.warm_up()
folder = Path(sys.argv[1])
files = command_lines.prepare(folder / "files", light=True)
lines = [command_lines.drawn(7, number) for number in range(25)]
print("lines", command_lines.report(lines, files, folder))
print("kills", len([fault for verb in ("train", "construct") for fault in killed.judge(verb, 1, 1, folder)]))
def unclear(self, message):
    raise ValueError(message)
Parser.error = unclear
print("planted: lines", command_lines.report(lines[:10], files, folder))
networks.write_atomically = lambda path, content: path.write_bytes(content)
print("planted: kills", len(killed.judge("construct", 1, 2, folder)) > 0)
"""


@pytest.mark.slow
def test_hard_use_does_no_harm_and_planted_faults_are_seen(tmp_path):
    """One process does all of it: what takes time is to start one."""
    words, environment = [sys.executable, "-c", DRIVER, str(tmp_path)], os.environ | killed.preload(tmp_path)
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = done.stdout
    for wanted in ("25 command lines", "lines 0\n", "kills 0\n", "planted: lines 1\n", "planted: kills True\n"):
        assert wanted in told, told + done.stderr
    assert "exit code 70" in told
    assert "net.safetensors is broken" in told


def test_a_line_depends_on_its_number_alone_and_every_verb_is_drawn():
    lines = [drawn(0, number) for number in range(2000)]
    assert lines[17] == drawn(0, 17)
    assert drawn(1, 17) != lines[17]
    verbs = collections.Counter(line.words[0] for line in lines)
    assert set(command_lines.VERBS.names()) <= set(verbs)


@pytest.mark.parametrize(
    ("code", "out", "err", "wrong"),
    [
        (0, '{"a": 1}', "", ""),
        (2, '{"error": {}}', "holdfast: no.\n  Do this.\n", ""),
        (70, "{}", "holdfast: internal error.\n", "exit code 70"),
        (-9, "{}", "", "exit code -9"),
        (130, "{}", "", "exit code 130"),
        (2, "{}", "holdfast: no.\nTraceback (most recent call last):\n", "a traceback"),
        (2, "{}", "", "0 messages"),
        (2, "{}", "holdfast: no.\nholdfast: nor this.\n", "2 messages"),
        (2, "{}", "holdfast: no.\n  fix\n  more\n", "1 messages in 3 lines"),
        (2, "{}", "a warning\nholdfast: no.\n", "said before its message"),
        (0, "{}", "a warning\n", "no mistake, but said"),
        (0, "{}", "\x1b[31m\n", "a control character"),
        (0, "{}{}", "", "not one JSON document"),
        (1, '{"a": NaN}', "", "not one JSON document"),
        (2, "", "holdfast: no.\n", "not one JSON document"),
    ],
)
def test_what_is_wrong_with_an_end_is_seen(code, out, err, wrong):
    line = Line(0, ("show", "x", "--json"), "utf-8")
    found = faults_of(line, command_lines.forked.Ended(code, out, err, 0.1, cut=False))
    assert "; ".join(found).startswith(wrong)
    assert bool(found) == bool(wrong)
