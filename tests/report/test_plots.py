"""Curves and heat maps in characters: what is drawn, where, and what is said of what is not."""

from __future__ import annotations

import itertools
import math

import pytest

from holdfast.core.results import Heatmap, Line, LinePlot
from holdfast.report import plots
from holdfast.report.terminal import draw

STEPS = tuple(float(t) for t in range(1, 101))


def area(text: str) -> list[str]:
    """The rows of a curve between its axes."""
    return [row.split("│", 1)[1] for row in text.splitlines() if "│" in row]


def test_a_falling_line_starts_high_at_the_left_and_ends_low_at_the_right():
    text = plots.curve(LinePlot((Line("", STEPS, tuple(1 - t / 100 for t in STEPS)),), "step", "kept"), 80)
    rows = area(text)
    assert rows[0][0] == "●"
    assert rows[-1].endswith("●")
    assert [row.index("●") for row in rows] == sorted(row.index("●") for row in rows)
    assert text.splitlines()[0] == "kept"
    assert max(len(row) for row in text.splitlines()) <= 80


def test_lines_have_marks_of_their_own_and_the_legend_names_them():
    lines = tuple(Line(f"cell {n}", STEPS, tuple(n + t / 100 for t in STEPS)) for n in range(3))
    text = plots.curve(LinePlot(lines, "step", "norm"), 100)
    for mark, line in zip("●○×", lines, strict=True):
        assert f"{mark} {line.name}" in text
        assert mark in "".join(area(text))


def test_on_a_logarithmic_axis_a_power_is_a_straight_line_and_zero_is_left_out():
    line = Line("", STEPS, (*(0.5**t for t in STEPS[:-1]), 0.0))
    rows = area(plots.curve(LinePlot((line,), "lag", "gradient", y_log=True), 90))
    starts = [row.index("●") for row in rows]
    widths = [b - a for a, b in itertools.pairwise(starts)]
    assert max(widths[1:]) - min(widths[1:]) <= 1


def test_a_band_is_shaded_between_its_ends():
    line = Line("", STEPS, (0.5,) * 100, (0.25,) * 100, (0.75,) * 100)
    flat = Line("ends", (1.0, 100.0), (0.0, 1.0))
    column = [row.ljust(90)[60] for row in area(plots.curve(LinePlot((line, flat), "x", "y"), 90))]
    assert column.count(plots.BAND) >= 3
    assert column[0] != plots.BAND


@pytest.mark.parametrize("y", [(None,) * 3, (math.nan,) * 3, ()])
def test_nothing_finite_is_said(y):
    assert "no finite numbers" in plots.curve(LinePlot((Line("", STEPS[: len(y)], y),), "x", "y"), 80)
    if y:
        rows = tuple((v,) for v in y)
        assert "no finite numbers" in plots.heatmap(Heatmap(rows, ("a", "b", "c"), ("1",), "unit", "step", ""), 80)


def test_a_heat_map_shades_by_size_and_sign_and_marks_what_is_missing():
    drawn = Heatmap(((1.0, 0.0, -1.0, None),), ("unit 1",), ("1", "2", "3", "4"), "unit", "step", "c")
    (row,) = area(plots.heatmap(drawn, 80))
    assert row == "█ ≡?│"


def test_more_than_fits_is_averaged_and_left_out_and_both_are_said():
    values = tuple(tuple(float(u == 99) for _ in range(1000)) for u in range(100))
    names = tuple(str(n) for n in range(1000))
    text = plots.heatmap(Heatmap(values, names[:100], names, "unit", "step", "h"), 80)
    assert f"{plots.TALLEST} of 100 rows are shown" in text
    assert "the mean of about" in text
    assert max(len(row) for row in text.splitlines()) <= 80
    assert "█" in area(text)[-1]


def test_the_terminal_draws_them_by_their_type(capsys):
    draw(
        [
            LinePlot((Line("", STEPS, STEPS),), "step", "norm", "A curve"),
            Heatmap(((1.0,),), ("1",), ("1",), "u", "t", "h"),
        ]
    )
    text = capsys.readouterr().out
    assert text.startswith("A curve\nnorm\n")
    assert "█" in text
