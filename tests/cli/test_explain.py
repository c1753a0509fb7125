"""The verb explain: one document, words in the terminal, a page, and every mistake told in one message."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from holdfast.cli._main import main
from holdfast.core.claim import Claim
from holdfast.engine.files import save
from holdfast.tasks.recall import Recall
from tests.certification.latches import designed

TASK = Recall(steps=12)


@pytest.fixture
def net(tmp_path):
    claim = Claim("recall", asdict(TASK), 0.05, 12, ("real", "ieee"), "float32")
    file = tmp_path / "net <b>.safetensors"
    origin = {"constructed": {"task": "recall", "axes": asdict(TASK), "claim": claim.as_json()}}
    save(designed(1e-2, 12, dtype="float32"), file, origin)
    return str(file)


def told(capsys, *words):
    code = main([*words])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_words_come_first_then_a_line_for_each_diagnostic(net, capsys):
    code, out, _ = told(capsys, "explain", net, "--rows", "8")
    assert code == 0
    said = " ".join(out.split())  # the title is broken where the path is long
    assert "lstm, 2 units, on recall, 8 sequences of 12 steps - unit 2 alone carries the memory" in said
    assert "unit 1 is a flag" in out
    assert "unit 2 is a latch that holds x_1" in out
    assert "gradient_flow  The gradient persists" in " ".join(out.split("\n")).replace("   ", "  ")


def test_one_document_with_a_page_and_the_length_that_was_asked_for(net, capsys, tmp_path):
    page = tmp_path / "page.html"
    code, out, _ = told(
        capsys, "explain", net, "--steps", "9", "--rows", "8", "--diagnostics", "gates", "--page", str(page), "--json"
    )
    document = json.loads(out)
    assert (code, document["task"], document["steps"], document["page"]) == (0, "recall", 9, str(page))
    assert list(document["diagnostics"]) == ["gates"]
    assert {clause["role"] for clause in document["words"]} == {"latch", "flag", "other"}
    html = page.read_text()
    assert "net <b>" not in html  # a file's name is text: nothing in it is markup
    assert '"words":[{"text":"unit 2 alone carries the memory' in html


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--task", "echo"], "the network has 1 inputs and 1 outputs, but echo with these axes has"),
        (["--page", "/no/such/folder/a.html"], "cannot write /no/such/folder/a.html: there is no folder"),
        (["--page", "."], "it is a folder"),
        (["--diagnostics", "gate"], "there is no diagnostic named 'gate'"),
        (["--diagnostics", "gate"], "Did you mean 'gates'?"),
        (["--open"], "--open needs a page to show. Add --page FILE."),
        (["--rows", "1"], "--rows is 1, expected at least 2"),
        (["--range", "-inf", "inf"], "is unbounded"),
        (["--steps", "0"], "--steps is 0, expected at least 1"),
    ],
)
def test_a_mistake_is_one_message_and_nothing_is_written(net, capsys, words, message, tmp_path):
    before = sorted(tmp_path.iterdir())
    code, out, err = told(capsys, "explain", net, *words)
    assert code == 2
    assert out == ""
    assert message in " ".join(err.split())
    assert "Traceback" not in err
    assert sorted(tmp_path.iterdir()) == before


def test_a_diagnostic_is_listed_and_shown(capsys):
    code, out, _ = told(capsys, "list", "diagnostics")
    assert code == 0
    assert "gradient_flow  steps    Does the gradient of the answer" in out
    code, out, _ = told(capsys, "show", "gradient_flow", "--json")
    document = json.loads(out)
    assert code == 0
    assert {"name", "title", "formula", "source", "caveat"} <= set(document)


def test_figures_are_pictures(net, capsys, tmp_path):
    code, _, _ = told(
        capsys, "explain", net, "--rows", "4", "--diagnostics", "gradient_flow", "--figures", str(tmp_path / "f")
    )
    assert code == 0
    assert {file.suffix for file in (tmp_path / "f").iterdir()} == {".png", ".svg"}
