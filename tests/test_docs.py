"""The documentation has everything there is: verbs in the order of use, public names, components; and no dead link."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import holdfast
from holdfast.cli._main import VERBS
from holdfast.cli._overview import by_purpose
from holdfast.studies.folders import KINDS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


@pytest.fixture(autouse=True, scope="module")
def docs_on_the_path():
    sys.path.insert(0, str(DOCS))
    yield
    sys.path.remove(str(DOCS))


def test_the_tour_has_every_verb_in_the_order_of_the_help():
    tour = (DOCS / "tour.md").read_text(encoding="utf-8")
    told = re.findall(r"^##(#?) (.+)$", tour, re.MULTILINE)
    expected = [
        entry
        for purpose, verbs in by_purpose(VERBS.names()).items()
        for entry in (("", purpose.capitalize()), *(("#", verb) for verb in verbs))
    ]
    assert told == expected


def test_the_front_page_has_every_component():
    import components

    table = components.table()
    assert "components.inc" in (DOCS / "index.md").read_text(encoding="utf-8")
    for kind, folder in KINDS.items():
        assert all(f"`{name}`" in table for name in folder.names()), kind


def test_every_public_name_has_an_entry_in_the_reference():
    import api

    page = api.python_page()
    entries = set(re.findall(r"^\.\. auto\w+:: (\S+)$", page, re.MULTILINE))
    assert {f"holdfast.{name}" for name in (*holdfast.__all__, *holdfast.MODULES)} <= entries
    assert {"holdfast.training.result.Training", "holdfast.certification.proof.Proof"} <= entries


def test_every_verb_has_its_help_in_the_reference():
    import api

    page = api.verbs_page()
    assert [verb for verb in VERBS.names() if f"### {verb}\n" not in page] == []


def test_a_dead_link_is_found(tmp_path):
    import links

    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "net.html").write_text("<a href='nowhere.html'>made by its script</a>")
    (tmp_path / "a.html").write_text(
        "<h1 id='top'>A</h1><a href='b.html#part'>b</a><a href='#top'>a</a><a href='https://example.org/x'>other</a>"
        "<iframe src='live/net.html#run'></iframe>"
    )
    (tmp_path / "b.html").write_text(
        "<p id='part'></p><a href='a.html#bottom'>x</a><img src='c.png'><a href='live'>y</a>"
    )
    assert links.dead(tmp_path) == ["b.html: a.html#bottom", "b.html: c.png", "b.html: live"]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"])
def test_a_link_of_a_page_in_the_root_leads_to_a_file(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    linked = [link.split("#")[0] for link in re.findall(r"\]\((?!https?:)(.*?)\)", text)]
    assert [link for link in linked if link and not (ROOT / link).exists()] == []


def test_the_guide_of_cells_says_what_the_kept_runs_say():
    import choosing

    from holdfast.comparison.store import stored_run
    from holdfast.studies.kept import FOLDER

    parts = choosing.files()
    guide = (DOCS / "which_cell.md").read_text(encoding="utf-8")
    assert set(re.findall(r"which_cell/(\S+?\.(?:inc|svg))", guide)) == set(parts)
    lines = stored_run.read(FOLDER / "lag.json").summary
    rows = [[part.strip() for part in row.split("|")[1:-1]] for row in parts["lag.inc"].splitlines()[2:]]
    assert sum(bool(cell) for row in rows for cell in row[2:-1]) == len(lines)
    gru = next(row for row in rows if "gru" in row[0] and row[1] == "chrono")
    (at_300,) = [
        line
        for line in lines
        if (line["cell"], line["initialisation"], line["lag_steps"]) == ("gru", "pytorch+chrono", 300)
    ]
    assert gru[5] == f"{100 * at_300.solved / at_300.of:.0f} %"
    assert (gru[6] == "300") == choosing.surely(at_300)
