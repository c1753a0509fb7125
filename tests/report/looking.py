"""What tests of a page do in a browser: wait, open its folded panels, read where it is."""

from __future__ import annotations

import time


def until(page, script: str, seconds: float = 10.0) -> None:
    """Wait until ``script`` is true. (The browser's own waiting is forbidden by the page: it would evaluate text.)"""
    end = time.monotonic() + seconds
    while not page.evaluate(script):
        assert time.monotonic() < end, f"never came true: {script}"
        page.wait_for_timeout(20)


def unfold(page, *panels: str) -> None:
    """Open these panels by their ids, all of them if none is given."""
    for panel in panels or page.eval_on_selector_all(".drawer", "all => all.map(e => e.dataset.panel)"):
        page.click(f".drawer[data-panel={panel}]:not([open]) > summary")
        until(page, f"document.getElementById('{panel}').childElementCount > 0")
    page.mouse.move(0, 0)  # nothing is pointed at


def where(page) -> str:
    return page.inner_text(".where")


def reached_by_tab(page, presses: int) -> set[str]:
    """The numbers (``data-n``) of the controls that have the focus after so many times the tabulator."""
    reached = set()
    for _ in range(presses):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.dataset.n ?? null"))
    return reached - {None}
