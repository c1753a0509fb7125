"""The verb ``lab``: the page that it writes, the page in a notebook, and tours that are checked."""

from __future__ import annotations

import json

import pytest

import holdfast
from holdfast.cli._main import main
from holdfast.core.errors import BadFile, UnknownName
from holdfast.laboratory import tour
from holdfast.laboratory.document import document
from holdfast.studies import written

STOP = {"title": "a", "text": "b", "label": "c", "do": "train"}
TOUR = {"title": "Mine <b>", "stops": [STOP | {"set": {"cell": "gru"}, "epochs": 5}]}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Without the constructed network, which has tests of its own."""
    monkeypatch.setattr(written, "written", lambda: None)


def test_a_page_is_written_opened_and_told(tmp_path, monkeypatch, capsys):
    shown = []
    monkeypatch.setattr("webbrowser.open", lambda address: shown.append(address) or True)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    lesson = tmp_path / "lesson.json"
    lesson.write_text(json.dumps(TOUR), encoding="utf-8")
    assert main(["lab", "--save", str(tmp_path / "lab.html"), "--tour", str(lesson), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    page = (tmp_path / "lab.html").read_text(encoding="utf-8")
    assert told["bytes"] == (tmp_path / "lab.html").stat().st_size < 1_500_000
    assert (told["tour"], told["stops"], told["cell"]) == ("Mine <b>", 1, "lstm")
    assert "Mine <b>" not in page
    assert "worker-src blob:" in page
    assert shown == []
    assert main(["lab", "--cell", "gru"]) == 0
    assert len(shown) == 1
    assert "lab.html" in shown[0]
    assert "tour “Memory in eight stops” of 8 stops" in " ".join(capsys.readouterr().out.split())


def test_in_a_notebook_the_page_itself_is_shown(tmp_path):
    made = holdfast.lab(cell="elman", tour=TOUR)
    assert made._repr_html_().startswith("<iframe")
    assert made.save(tmp_path / "x.html").file == str(tmp_path / "x.html")
    assert (tmp_path / "x.html").read_text(encoding="utf-8") == made.page().html
    with pytest.raises(UnknownName, match="no cell named 'nothing'"):
        holdfast.lab(cell="nothing")


WRONG = [
    (b"{", "no JSON"),
    (b"[]", "A tour is an object"),
    (json.dumps({"title": "T", "stops": []}).encode(), "between 1 and 50 stops"),
    (json.dumps({"title": 3, "stops": [STOP], "by": "me"}).encode(), 'has no "by".*has a "title"'),
    (json.dumps({"title": "T", "stops": [STOP, 1]}).encode(), "Stop 2: it is no object"),
    (json.dumps({"title": "T", "stops": [STOP | {"do": "fly"}]}).encode(), 'Stop 1: "do" is "fly", expected one of'),
    (json.dumps({"title": "T", "stops": [STOP | {"epochs": True}]}).encode(), "a whole number of at least 1"),
    (json.dumps({"title": "T", "stops": [STOP | {"set": []}]}).encode(), '"set" is expected to be an object'),
    (json.dumps({"title": "T", "stops": [STOP | {"set": {"x": 1}}]}).encode(), 'unknown setting "x"'),
    (json.dumps({"title": "T", "stops": [{"title": "a"}]}).encode(), '"text" is missing.*"do" is missing'),
]


@pytest.mark.parametrize(("content", "said"), WRONG)
def test_every_mistake_of_a_tour_is_told(content, said, tmp_path):
    (tmp_path / "t.json").write_bytes(content)
    with pytest.raises(BadFile, match=said):
        tour.read(tmp_path / "t.json")


def test_our_own_tour_has_eight_stops_without_a_mistake():
    own = tour.own()
    assert len(own["stops"]) == 8
    assert list(tour.mistakes(own)) == []


def test_a_cell_is_told_in_words():
    lstm = document(["lstm", "gla"])["cells"]["lstm"]
    assert (lstm["memory"], lstm["keep"], lstm["write"]) == ("c", "forget", "input")
    assert lstm["words"] == {"input": "sigmoid", "forget": "sigmoid", "candidate": "tanh", "output": "sigmoid"}
    assert set(lstm["of_units"]) == {"input", "forget", "candidate", "output", "h", "c"}
    assert "S" not in document(["gla"])["cells"]["gla"]["of_units"]
