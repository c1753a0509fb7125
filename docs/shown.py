"""The commands that a page shows, with what they print: run by the tests, and written into the page by

python docs/shown.py README.md docs/tour.md
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

WIDTH = 80
"""Columns of what is shown, as in a terminal."""
CONSOLE = re.compile(r"```console\n\$ (holdfast .*?)\n(.*?)```", re.DOTALL)


def commands(page: str) -> Iterator[tuple[str, str]]:
    """Every command of a page with the output below it."""
    yield from (match.groups() for match in CONSOLE.finditer(page))


def printed(command: str) -> tuple[int, str]:
    """The exit code and the standard output of ``holdfast ...``, in the current folder, in 80 columns."""
    from holdfast.cli._main import main

    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with (
        mock.patch("holdfast.report.terminal.PLAIN_WIDTH", WIDTH),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        code = main(shlex.split(command)[1:])
    return code, said.buffer.getvalue().decode()  # type: ignore[attr-defined]


def run_again(page: str) -> str:
    """The page with the present output of every command, which are run in its order in one folder."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        return CONSOLE.sub(lambda match: f"```console\n$ {match[1]}\n{printed(match[1])[1]}```", page)


if __name__ == "__main__":
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    for file in map(Path, sys.argv[1:]):
        file.write_text(run_again(file.read_text(encoding="utf-8")), encoding="utf-8")
