"""What the README and the tour say is so: their Python and their commands print what stands there."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import io
import math
import re
import shlex
from pathlib import Path
from types import ModuleType

import pytest

from holdfast.cli._main import VERBS
from holdfast.cli._parser import Parser

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ("README.md", "docs/tour.md")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
DEMONSTRATION = "holdfast demo"


def _of_docs(name: str) -> ModuleType:
    """A file of ``docs/``, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


shown = _of_docs("shown")


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_python_prints_what_the_readme_shows():
    """The blocks are one session; the last one is a cell of a notebook, whose last line is displayed."""
    *programs, cell = [text for kind, text in BLOCKS if kind == "python"]
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()) as said:
        for program in programs:
            exec(compile(program, "README.md", "exec"), names)
    assert said.getvalue() == "".join(text for kind, text in BLOCKS if kind == "text")
    (line,) = ast.parse(cell).body
    assert isinstance(line, ast.Expr)
    displayed = eval(compile(ast.Expression(line.value), "README.md", "eval"), names)
    assert "<iframe" in displayed._repr_html_()


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_every_shown_command_prints_the_shown_lines(page):
    """All but the demonstration, which takes long and is compared where it runs once, in ``test_demonstration.py``."""
    commands = [pair for pair in shown.commands(text_of(page)) if pair[0] != DEMONSTRATION]
    assert len(commands) >= 3
    for command, output in commands:
        code, said = shown.printed(command)
        assert code == any(words in output for words in NEGATIVE), f"{command}\nexit code {code}"
        is_shown(said, command, output)


def is_shown(said: str, command: str, output: str) -> None:
    """Whether a command printed the lines of a page: words to the letter, figures as ``same`` has it."""
    for line, expected in zip(said.splitlines(), output.splitlines(), strict=True):
        assert same(line, expected), f"{command}\nprints {line}\nshown  {expected}"


NEGATIVE = ("No: ", ": no.", "a sequence of ")
"""Words of an output whose exit code is 1."""
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


@pytest.mark.parametrize("page", PAGES)
def test_shown_output_fits_a_terminal_of_80_columns(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = [line for _, output in shown.commands(text) for line in output.splitlines()]
    assert lines
    assert [line for line in lines if len(line) > shown.WIDTH] == []


COMMAND = re.compile(r"^(?:\$ )?(holdfast [a-z].*?)(?:  +#.*)?$", re.MULTILINE)
PLACEHOLDER = re.compile(r"\b[A-Z]{3,}\b")
"""A word that stands for another, as in 'holdfast help VERB'."""


def test_every_command_of_the_documentation_is_accepted_by_its_parser():
    """Whether it is run or not: a flag that no longer exists is found."""
    files = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    found = []
    for file in files:
        for _, text in re.findall(r"```(console|sh|text)\n(.*?)```", file.read_text(encoding="utf-8"), re.DOTALL):
            found += [(file.name, command) for command in COMMAND.findall(text)]
    assert len(found) > 50
    assert [refused for name, command in found if (refused := _refused(name, command))] == []


def _refused(name: str, command: str) -> str:
    verb, *words = shlex.split(command)[1:]
    if PLACEHOLDER.search(command) or verb == "help":
        return ""
    if verb == "check" and "--task" not in words:  # whose flags are those of the certificate's task
        words += ["--task", "recall"]
    try:
        module, parser = VERBS.load(verb), Parser(verb, VERBS.sentence(verb), "")
        module.configure(parser, words)
        parser.parse(words)
    except (Exception, SystemExit) as error:
        return f"{name}: {command}: {error}"
    return ""


def test_the_check_of_commands_is_seen_to_fail():
    assert not _refused("a page", "holdfast train recall --steps 5")
    assert _refused("a page", "holdfast train recall --step_s 5")
    assert _refused("a page", "holdfast trian recall")
    assert COMMAND.findall("$ holdfast demo --page   # opens\nholdfast list\nholdfast: a mistake") == [
        "holdfast demo --page",
        "holdfast list",
    ]


def test_the_recording_is_of_the_output_that_the_tour_shows():
    """``docs/pictures.py`` makes it; the tour's output is compared with the command's."""
    recorded = _of_docs("pictures").lines_of((ROOT / "docs" / "pictures" / "demo.svg").read_text(encoding="utf-8"))
    command, output = next(shown.commands((ROOT / "docs" / "tour.md").read_text(encoding="utf-8")))
    assert recorded == [f"$ {command}", *output.splitlines()]


def test_pictures_are_there_and_small():
    pictures = [ROOT / place for place in re.findall(r"!\[.*?\]\((.*?)\)", README)]
    assert len(pictures) == 2
    assert all(picture.stat().st_size < 150_000 for picture in pictures)


def test_the_two_commands_are_those_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in ("demo", "test"):
        assert f"make {command} " in README
        assert re.search(rf"^{command}:", makefile, re.MULTILINE)
    assert "python -m pytest --shapes -n 2" in README
    assert "python -m pytest --shapes -n 2" in makefile
