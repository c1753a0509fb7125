"""Pictures of curves and heat maps: one PNG and one SVG each, named by title, the same file for the same data."""

from __future__ import annotations

import math
import struct
import sys

import pytest

from holdfast.core.errors import BadRun, BadValue
from holdfast.core.results import Heatmap, Line, LinePlot, Table, Text
from holdfast.report import figures

CURVE = LinePlot(
    (Line("lstm", (1.0, 2.0, 3.0), (0.1, None, 0.3), (0.0, 0.1, 0.2), (0.2, 0.3, 0.4)),), "lag", "norm", "Flow"
)
MAP = Heatmap(((0.5, -1.0), (None, math.nan)), ("u 1", "u 2"), ("1", "2"), "unit", "step", "c", "Cell state $c$ <b>")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures") / "new"
    return figures.write([Text("words"), CURVE, Table(("a",), (("1",),), "numbers"), MAP, CURVE], folder)


def test_every_picture_has_a_png_and_an_svg_named_by_its_title(written):
    assert [path.name for path in written] == [
        f"{name}.{kind}" for name in ("flow", "cell-state-c-b", "flow-2") for kind in ("png", "svg")
    ]


def test_a_png_is_wide_enough_for_print(written):
    data = written[0].read_bytes()
    assert data.startswith(b"\x89PNG")
    width, _ = struct.unpack(">II", data[16:24])
    assert width >= 1500


def test_labels_are_text_and_markup_and_dollars_are_shown_as_they_are(written):
    svg = written[3].read_text(encoding="utf-8")
    assert "Cell state $c$ &lt;b&gt;" in svg
    assert "<b>" not in svg
    assert ">unit</text>" in svg


def test_a_logarithmic_axis_has_powers_and_a_long_title_is_broken(tmp_path):
    line = Line("a", (1.0, 2.0, 3.0), (1e-6, 1.0, 1e3))
    (_, svg) = figures.write([LinePlot((line,) * 5, "lag", "norm", "A title " * 20, y_log=True)], tmp_path)
    text = svg.read_text(encoding="utf-8")
    assert "mathdefault" not in text.replace("<!-- $\\mathdefault", "")
    assert text.count(">A title") >= 2


def test_the_same_data_gives_the_same_files(written):
    assert written[1].read_bytes() == written[5].read_bytes()
    assert written[0].read_bytes() == written[4].read_bytes()


def test_without_matplotlib_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(BadValue, match=r'not installed\. Install it with: pip install "holdfast-rnn"'):
        figures.write([CURVE], tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_folder_that_cannot_be_made_is_a_message(tmp_path):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(BadRun, match="cannot create the folder"):
        figures.write([CURVE], tmp_path / "file" / "inside")
    assert (tmp_path / "file").read_text() == "kept"
