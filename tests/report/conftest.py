"""One browser for all tests of pages. Where there is none, they fail and say what to install."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
INSTALL = "the tests of pages need a browser: install Debian's (apt-get install chromium) or name one with CHROMIUM"


@dataclass
class Opened:
    """A page in the browser; ``complaints`` are its console's errors and warnings and what its scripts did not catch,
    ``requests`` what it asked for besides itself."""

    page: object
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Chromium without a window."""
    import os

    from playwright.sync_api import sync_playwright

    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.fail(INSTALL)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def blank(browser) -> Iterator[object]:
    """An empty page, in which a test runs scripts."""
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def visit(browser) -> Iterator[Callable[..., Opened]]:
    """``visit(path, width=1100, dark=False)`` opens a file and listens; after the test nothing may have been said."""
    contexts, visits = [], []

    def open_file(path: Path, width: int = 1100, height: int = 900, dark: bool = False) -> Opened:
        scheme = "dark" if dark else "light"
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        opened = Opened(context.new_page())
        visits.append(opened)
        opened.page.on(
            "console", lambda m: opened.complaints.append(m.text) if m.type in ("error", "warning") else None
        )
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.page.on("request", lambda r: opened.requests.append(r.url) if r.url != path.as_uri() else None)
        opened.page.goto(path.as_uri())
        return opened

    yield open_file
    for context in contexts:
        context.close()
    for opened in visits:
        assert opened.complaints == []
        assert [url for url in opened.requests if not url.startswith(("data:", "blob:"))] == []
