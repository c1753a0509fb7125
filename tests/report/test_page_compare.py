"""The page of a comparison, in a browser: its grid says what was measured, and its places lead to their networks."""

from holdfast.comparison.results.answer import answer
from holdfast.comparison.results.page import document
from holdfast.comparison.results.results import Results
from holdfast.comparison.results.verdicts import Verdict
from holdfast.comparison.study import Study
from holdfast.report import page
from tests.comparison.laws import GRID
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
