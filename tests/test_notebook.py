"""Every result displays itself in a notebook without a browser: as HTML, with no arrays, warnings or links."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbclient import NotebookClient

SET_UP = """
import holdfast
made = holdfast.construct("recall", cell="gru", units=4, steps=5)
network, task = made.network, holdfast.make_task("recall", {"steps": 5})
"""
GRID = 'cells="gru", lags="2,3", units="4", rates="0.01", seeds=2, budget=1000, workers=1, store="s.sqlite"'
SEARCH = 'units=(2, 3), trials=1, seeds=4, budget=200, confirm=4, storage="t.journal"'
DISPLAYED = {
    "network": "network",
    "several layers": 'holdfast.build("stack(lstm,gru)", inputs=2, units=3, outputs=1, readout_hidden=(4,), seed=0)',
    "construct": "made",
    "impossible": 'holdfast.construct("recall", cell="gru", range=(-float("inf"), float("inf")))',
    "train": 'trained = holdfast.train("recall", steps=3, units=4, seeds=2, budget=2000); trained',
    "test": "holdfast.test(network, task, sequences_per_length=64)",
    "certify": "proof = holdfast.certify(network, task); proof",
    "check": "holdfast.check(proof.certificate, network)",
    "refute": "holdfast.refute(network, task, tries=64)",
    "refuted": "holdfast.refute(network, task, tolerance=1e-6, tries=64)",
    "explain": 'found = holdfast.explain(network, task, diagnostics="gates", rows=8, progress=False); found',
    "page": "found.page()",
    "plain page": "proof.page()",
    "compare": f'answer = holdfast.compare("recall", {GRID}); answer',
    "page of a comparison": "answer.page()",
    "tune": f'holdfast.tune("recall", steps=3, cell="gru", {SEARCH})',
    "figure": "trained.figure()",
    "export": 'holdfast.export(network, to="torch", out="t.safetensors")',
    "import": 'holdfast.import_model("t.safetensors", format="torch")',
    "cell": 'holdfast.show("gru")',
    "task": 'holdfast.show("recall")',
    "study": 'holdfast.show("lag")',
    "network file": 'holdfast.save(network, "n.safetensors", origin={}); holdfast.show("n.safetensors")',
}
PAGES = ("page", "plain page", "page of a comparison")
LONGEST = 30_000
"""Characters of the text in an output."""
ARRAY = re.compile(r"array\(|Array\(|ShapeDtypeStruct|\[\[|(?:-?\d+\.\d+[, ]+){8}")
"""How arrays look in a ``repr``."""


pytestmark = pytest.mark.slow


def executed(sources, folder):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    return [cell.outputs for cell in notebook.cells]


def faults(outputs):
    """What is wrong with the outputs of a cell that displays one result."""
    found = [f"{output.name}: {output.text}" for output in outputs if output.output_type == "stream"]
    shown = [output.data for output in outputs if output.output_type == "execute_result"]
    if len(shown) != 1 or "text/html" not in shown[0]:
        return [*found, f"no HTML: {shown}"]
    html = shown[0]["text/html"]
    text = re.sub(r"<[^>]*>", "\n", re.sub(r'srcdoc="[^"]*"', "", html))
    found += [f"an array: {match[0]}" for words in (text, shown[0]["text/plain"]) if (match := ARRAY.search(words))]
    if len(text) > LONGEST:
        found.append(f"{len(text)} characters")
    if re.search(r"(?:src|href)=['\"](?!data:)", html):
        found.append("a link to another file")
    return found


def test_every_result_is_displayed_as_html(tmp_path):
    """In one notebook, since starting it takes longer than its cells."""
    first, *others = executed([SET_UP, *DISPLAYED.values()], tmp_path)
    assert first == []
    outputs = dict(zip(DISPLAYED, others, strict=True))
    assert {name: found for name, output in outputs.items() if (found := faults(output))} == {}
    for name in PAGES:
        html = outputs[name][0].data["text/html"]
        assert html.startswith('<iframe srcdoc="'), name
        assert "&lt;!doctype html&gt;" in html.lower(), name


def test_planted_faults_are_found(tmp_path):
    warned, array, listed, linked = executed(
        [
            "import warnings, holdfast; warnings.warn('old'); holdfast.show('gru')",
            "import numpy as np; np.zeros(3)",
            "from IPython.display import HTML; HTML(str([[0.5] * 9]))",
            "HTML('<img src=\"curve.png\">')",
        ],
        tmp_path,
    )
    assert any("UserWarning" in fault for fault in faults(warned))
    assert any(fault.startswith("no HTML") for fault in faults(array))
    assert any(fault.startswith("an array") for fault in faults(listed))
    assert faults(linked) == ["a link to another file"]
