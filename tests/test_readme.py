"""What the README says is so: its Python runs and prints what stands there, its commands give the shown lines."""

import contextlib
import io
import math
import re
from pathlib import Path

import pytest

from holdfast.cli._main import main

README = (Path(__file__).parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
DEMONSTRATION = "$ holdfast demo\n"


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
    """All but the demonstration, which takes long and is compared where it runs once, in ``test_demonstration.py``."""
    shown = [text for kind, text in BLOCKS if kind == "console" and not text.startswith(DEMONSTRATION)]
    assert len(shown) >= 3
    for text in shown:
        command, _, output = text.partition("\n")
        assert command.startswith("$ holdfast ")
        assert main(command.removeprefix("$ holdfast ").split()) == ("No: " in output)
        is_shown(capsys.readouterr().out, text)


def is_shown(said: str, text: str) -> None:
    """Whether a command printed the lines of its block: words to the letter, figures as ``same`` has it."""
    command, *lines = text.splitlines()
    for line, expected in zip(said.splitlines(), lines, strict=True):
        assert same(line, expected), f"{command}\nprints {line}\nshown  {expected}"


FIGURE = re.compile(r"(\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]\d+)?)")


def same(line: str, shown: str) -> bool:
    """The same words and, where another machine rounds otherwise, figures within a quarter; times may be any."""
    (words, figures), (expected, values) = (_read(text) for text in (line, shown))
    close = [math.isclose(a, b, rel_tol=0.25) for a, b in zip(figures, values, strict=False)]
    return words == expected and len(figures) == len(values) and all(close)


def _read(line: str) -> tuple[list[str], list[float]]:
    timeless = re.sub(r"[\d.]+ s\b", "some s", line)
    parts = FIGURE.split(timeless)
    return " ".join(parts[::2]).split(), [float(part.replace(",", "")) for part in parts[1::2]]


@pytest.mark.parametrize(
    ("line", "alike"),
    [
        ("  3  solved  48,000  0.00021", True),
        ("3 solved 4,800 0.0002", False),  # a figure of another size
        ("3 solved 48,000 0.0003", False),
        ("2 solved 48,000 0.0002", False),
        ("3 not solved 48,000 0.0002", False),
        ("3 solved 48,000", False),
        ("3 solved 48,000 -0.0002", False),
        ("3 solved 48,000 0.0002 nan", False),
    ],
)
def test_a_figure_or_word_that_is_off_is_seen(line, alike):
    assert same(line, "3 solved 47,616 0.0002") == alike
    assert same("how: in one piece, 3.2 s.", "how: in one piece, 1.1 s.")


def test_the_two_commands_are_those_of_the_makefile():
    makefile = (Path(__file__).parent.parent / "Makefile").read_text()
    for command in ("demo", "test"):
        assert f"make {command} " in README
        assert re.search(rf"^{command}:", makefile, re.MULTILINE)
    assert "python -m pytest --shapes -n 2" in README
    assert "python -m pytest --shapes -n 2" in makefile
