"""What the README says is so: its Python runs and prints what stands there, its commands give the shown lines."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from holdfast.cli._main import main

README = (Path(__file__).parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_python_prints_what_the_readme_shows():
    (program,) = [text for kind, text in BLOCKS if kind == "python"]
    (shown,) = [text for kind, text in BLOCKS if kind == "text"]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(compile(program, "README.md", "exec"), {})
    assert said.getvalue() == shown


@pytest.mark.slow
def test_every_shown_command_prints_the_shown_lines(capsys):
    """Figures may differ in a last digit between machines; lines without any are compared to the letter."""
    shown = [text for kind, text in BLOCKS if kind == "console"]
    assert len(shown) >= 3
    for text in shown:
        command, _, output = text.partition("\n")
        assert command.startswith("$ holdfast ")
        main(command.removeprefix("$ holdfast ").split())
        said, expected = capsys.readouterr().out.splitlines(), output.splitlines()
        assert [_without_figures(line) for line in said] == [_without_figures(line) for line in expected]


def _without_figures(line: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"\d[\d.,e-]*", "N", line)).strip()


def test_the_two_commands_are_those_of_the_makefile():
    makefile = (Path(__file__).parent.parent / "Makefile").read_text()
    for command in ("demo", "test"):
        assert f"make {command} " in README
        assert re.search(rf"^{command}:", makefile, re.MULTILINE)
    assert "python -m pytest --shapes -n 2" in README
    assert "python -m pytest --shapes -n 2" in makefile
