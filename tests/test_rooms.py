"""The page of the rooms is drawn from the code: every folder is on it, with the arrows that are there and allowed."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import holdfast
from tests.architecture import FRONT, MAY_IMPORT, arrows, room_of
from tests.conftest import OFFENDERS

HOUSE = Path(holdfast.__file__).parent
DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def rooms():
    sys.path.insert(0, str(DOCS))
    import rooms

    yield rooms
    sys.path.remove(str(DOCS))


def test_what_is_imported_is_what_the_table_allows():
    drawn = {room: set(known) for room, known in arrows(HOUSE).items() if room != "cli"}
    allowed = {room: {room_of(known) for known in some} for room, some in MAY_IMPORT.items() if room != "cli"}
    assert drawn == allowed


def test_a_planted_import_is_an_arrow():
    assert arrows(OFFENDERS / "packages" / "arrow") == {"core": ("engine",), "report": ("core", "training")}


def test_every_folder_is_on_the_page_and_says_what_it_is(rooms):
    folders = {file.parent.relative_to(HOUSE).as_posix() for file in HOUSE.rglob("*.py")} - {"."}
    section = rooms.section()
    told = {m[1]: m[2] for m in re.finditer(r"^\| `([\w/]+)/` \| (.*?) \|", section, flags=re.MULTILINE)}
    assert told.keys() == folders
    assert all(told.values())


def test_the_picture_has_every_arrow_and_every_line(rooms):
    found, imported = rooms.contents(), arrows(HOUSE)
    picture = rooms.picture(imported, found)
    drawn = re.findall(r"<title>(\S+) imports (\S+)</title>", picture)
    assert sorted(drawn) == sorted((room, known) for room, some in imported.items() for known in some)
    lines = sum(len(file.read_text().splitlines()) for file in HOUSE.rglob("*.py") if file.name not in FRONT)
    fronts = sum(len(file.read_text().splitlines()) for file in HOUSE.glob("*/**/__init__.py"))
    assert sum(rooms._lines(list(imported), found).values()) == lines + fronts


def test_a_folder_that_says_nothing_is_found(rooms, tmp_path):
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "cell.py").write_text("x = 1\n")
    assert rooms.contents(tmp_path) == [rooms.Contents("core", "", 1, 1)]


def test_the_page_is_linked_and_includes_what_is_drawn():
    assert "rooms.inc" in (DOCS / "architecture.md").read_text()
    assert "architecture" in (DOCS / "index.md").read_text().split("```{toctree}")[-1]
