"""The page of a comparison, in a browser: its grid says what was measured, and its places lead to their networks."""

import itertools

import numpy as np
import pytest

from holdfast.comparison.results.answer import answer
from holdfast.comparison.results.page import document
from holdfast.comparison.results.results import Results
from holdfast.comparison.results.verdicts import Verdict
from holdfast.comparison.study import Study
from holdfast.report import page
from tests.comparison.laws import GRID
from tests.comparison.test_headline import found as answered
from tests.comparison.test_headline import points
from tests.comparison.test_summary import made


def test_the_grid_shows_rates_and_leads_to_networks(tmp_path, visit):
    points = made({0.01: [True, True, False], 0.1: [False, False, False]})
    results = Results("<b>mine</b>", (GRID,), tuple(points), 6)

    def verdicts(results):
        return (Verdict("it remembers", {"solved": 2, "none": None}, "undecided", "three seeds say little"),)

    found = answer(Study("<b>mine</b>", (GRID,), "Does it?", verdicts), results)
    links = dict.fromkeys(results.summary, "mine-networks/lstm.html")
    written = page.write("compare", "mine", document(found, links), tmp_path / "mine.html")
    opened = visit(written).page
    opened.wait_for_function("document.documentElement.dataset.ready")
    opened.locator("details").evaluate_all("all => all.forEach(e => e.open = true)")
    text = opened.inner_text("main")
    assert "<b>mine</b>" in text  # a name is text, never markup
    for words in (
        "6 of 6 networks trained",
        "Does it?",
        "it remembers: undecided",
        "three seeds say little",
        "none: -",
    ):
        assert words in text
    assert "null" not in text
    place = opened.locator(".success td a")
    assert place.count() == 1
    assert place.get_attribute("href") == "mine-networks/lstm.html"
    assert place.get_attribute("aria-label") == "lstm, 8 units, lag 10: 2 of 3 solved; show a network"
    assert place.inner_text().split("\n")[0].strip() == "2 / 3"


def test_a_place_without_a_network_is_no_link(tmp_path, visit):
    results = Results("mine", (GRID,), tuple(made({0.01: [True]})), 6)
    written = page.write("compare", "mine", document(answer(Study("mine", (GRID,)), results), {}), tmp_path / "m.html")
    opened = visit(written).page
    opened.wait_for_function("document.documentElement.dataset.ready")
    assert opened.locator(".success td a").count() == 0
    assert "1 of 6 networks trained" in opened.inner_text("main")


CELLS = ("lstm", "gru", "elman", "irnn", "mingru", "coupled", "lstm1997", "indrnn", "rglru")
LAGS = (3, 10, 30, 100, 1000)
GEOMETRY = """() => [...document.querySelectorAll(".series")].map((series) => ({
  name: series.dataset.name,
  mark: series.querySelector(".mark").getAttribute("d") + getComputedStyle(series.querySelector(".mark")).fill,
  shape: series.querySelector(".mark").getAttribute("d"),
  dashes: series.querySelector("polyline").getAttribute("stroke-dasharray"),
  at: [...series.querySelectorAll(".mark")].map((m) => m.transform.baseVal.consolidate().matrix).map((m) => [m.e, m.f]),
}))"""


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    """Nine cells at five lags, of which all learn the shortest."""
    solved = {(cell, lag): max(0, 20 - n * k) for n, cell in enumerate(CELLS) for k, lag in enumerate(LAGS)}
    found = answered(points(solved))
    return page.write("compare", "several", document(found, {}), tmp_path_factory.mktemp("several") / "page.html")


def test_the_answer_comes_first_and_the_title_is_for_people(several, visit):
    opened = visit(several).page
    assert (
        opened.inner_text("h1")
        == "lstm, gru, elman, irnn, mingru and 4 others on recall, over lags of 3 to 1,000 steps"
    )
    told = opened.inner_text("header p >> nth=0")
    assert told.startswith("At lag 1,000 lstm solves the task more often (20 of 20 networks, 84 to 100 %) than ")
    assert told.count(".") == 1


def test_ticks_are_at_the_tested_lags_and_marks_above_them(several, visit):
    opened = visit(several).page
    ticks = opened.eval_on_selector_all(".success-chart .lag", "all => all.map(e => Number(e.getAttribute('x1')))")
    assert len(ticks) == len(LAGS)
    shares = np.log(np.array(LAGS) / LAGS[0]) / np.log(LAGS[-1] / LAGS[0])
    np.testing.assert_allclose((np.array(ticks) - ticks[0]) / (ticks[-1] - ticks[0]), shares, atol=1e-6)
    texts = opened.locator(".success-chart text.middle").all_text_contents()
    assert [text for text in texts if text.replace(",", "").isdigit()] == ["3", "10", "30", "100", "1,000"]
    for n, series in enumerate(opened.evaluate(GEOMETRY)):
        for k, (x, y) in enumerate(series["at"]):
            nearest = int(np.abs(np.array(ticks) - x).argmin())
            assert nearest == k, (series["name"], k)
            zero, one = (opened.locator(".success-chart .grid").nth(m).get_attribute("y1") for m in (0, 4))
            solved = max(0, 20 - n * k) / 20
            assert y == pytest.approx(float(zero) + solved * (float(one) - float(zero)), abs=1e-3)


def test_every_cell_has_a_mark_of_its_own_that_is_never_covered(several, visit):
    opened = visit(several).page
    found = opened.evaluate(GEOMETRY)
    assert [series["name"] for series in found] == list(CELLS)
    assert len({series["mark"] for series in found}) == len(CELLS)
    assert len({series["shape"] for series in found[:8]}) == 8  # by shape, without colour
    assert len({(series["shape"], series["dashes"]) for series in found}) == len(CELLS)
    for k in range(len(LAGS)):
        places = [series["at"][k] for series in found]
        for n, (x, y) in enumerate(places):
            assert all(abs(x - x2) >= 4 or abs(y - y2) >= 4 for x2, y2 in places[:n])
    legend = opened.eval_on_selector_all(".legend .mark", "all => all.map(e => e.getAttribute('d'))")
    assert legend == [series["shape"] for series in found]


def test_the_page_of_a_comparison_fits_every_width_in_light_and_in_dark(several, visit):
    opened = visit(several).page
    for width in (1400, 1280, 1024, 800, 390, 360):
        opened.set_viewport_size({"width": width, "height": 800})
        for scheme in ("light", "dark"):
            opened.emulate_media(color_scheme=scheme)
            opened.wait_for_timeout(40)
            assert opened.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width
            drawn = opened.locator(".success-chart").bounding_box()
            texts = opened.eval_on_selector_all(
                ".success-chart text.tick",
                "all => all.map(e => e.getBoundingClientRect()).map(b => [b.left, b.right, b.top])",
            )
            assert all(drawn["x"] <= left and right <= drawn["x"] + drawn["width"] for left, right, _ in texts)
            lags = sorted(text for text in texts if text[2] == max(t[2] for t in texts))
            assert all(one[1] < other[0] for one, other in itertools.pairwise(lags)), width


def test_of_lags_that_are_close_every_one_has_a_tick_and_no_two_labels_touch(tmp_path, visit):
    solved = {(cell, lag): 20 for cell in CELLS[:2] for lag in (100, 101, 102, 103, 400)}
    written = page.write("compare", "close", document(answered(points(solved)), {}), tmp_path / "page.html")
    opened = visit(written, width=390).page
    assert opened.locator(".success-chart .lag").count() == 5
    ends = "all => all.map(e => e.getBoundingClientRect()).map(b => [b.left, b.right])"
    labels = sorted(opened.eval_on_selector_all(".success-chart .lag + text", ends))
    assert len(labels) == 2
    assert labels[0][1] < labels[1][0]
