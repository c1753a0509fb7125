"""Pages under axe-core: what it reports of the laboratory and of a network's page. It needs no network."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from holdfast import tasks
from holdfast.explanation.page.document import document
from holdfast.explanation.page.words import script
from holdfast.explanation.subject import examine
from holdfast.laboratory import page as laboratory
from holdfast.report import page as pages
from tests.networks import random_network
from tests.report.looking import until

pytestmark = pytest.mark.slow

READY = "document.documentElement.dataset.ready"
looks = pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False)])


def violations(page) -> list[str]:
    return [f"{found['id']}: {found['nodes'][0]['html']}" for found in Axe().run(page).response["violations"]]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    path = tmp_path_factory.mktemp("lab") / "lab.html"
    path.write_text(laboratory.render(version="0"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    task = tasks.get("recall")(steps=6)
    told = document(
        examine(random_network("lstm", inputs=1, outputs=1), task, rows=2),
        file="net",
        sentence="Give the first number.",
    )
    return pages.write("explain", "a page", told, tmp_path_factory.mktemp("network") / "page.html", script())


@looks
def test_of_the_laboratory_with_its_tour_open_axe_reports_nothing(lab, visit, width, dark):
    page = visit(lab, width=width, height=800, dark=dark).page
    until(page, READY)
    page.click("#tour")
    assert violations(page) == []


@looks
def test_of_the_page_of_a_network_axe_reports_nothing(network, visit, width, dark):
    page = visit(network, width=width, height=800, dark=dark).page
    until(page, READY)
    assert violations(page) == []


def test_a_control_without_a_name_and_pale_text_are_reported(lab, visit):
    page = visit(lab, width=1280, height=800).page
    until(page, READY)
    page.evaluate("document.querySelector('#train').textContent = ''")
    page.evaluate("document.querySelector('h1').style.color = '#ddd'")
    assert {found.partition(":")[0] for found in violations(page)} >= {"button-name", "color-contrast"}
