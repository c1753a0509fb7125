"""The pictures of the laboratory, taken in headless Chromium at every build of the documentation: ``live/lab/``."""

from __future__ import annotations

import io
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SCREEN, PHONE = (1280, 800), (390, 844)
SECONDS = 240.0
"""The longest training, on a machine that builds other things, too."""
QUALITY = 78
TRAINED = "networks=64&learning_rate=0.003"


def take(page_file: Path, folder: Path) -> None:
    """Take all pictures. Raises ``RuntimeError`` where there is no Chromium."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise RuntimeError("the pictures of the laboratory need Chromium: install it, or name it in CHROMIUM")
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for name, (address, size, scheme, act) in SCENES.items():
            page = browser.new_page(
                viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion="reduce"
            )
            page.goto(f"{page_file.as_uri()}#{address}")
            until(page, "document.querySelector('#epochs').textContent !== ''")
            act(page)
            page.wait_for_timeout(300)
            taken = Image.open(io.BytesIO(page.screenshot()))
            taken.save(folder / f"{name}.webp", quality=QUALITY, method=4)
            page.close()
        browser.close()


def until(page: Any, script: str) -> None:
    """Wait until ``script`` is true; the page forbids what Playwright would do for it."""
    end = time.monotonic() + SECONDS
    while not page.evaluate(script):
        if time.monotonic() > end:
            raise RuntimeError(f"the laboratory did not come to: {script}")
        page.wait_for_timeout(50)


def train(page: Any) -> None:
    """Train until the page stops by itself: all networks have learned it."""
    page.click("#train")
    until(page, "document.querySelector('#train').textContent === 'Train'")


def epochs(number: int) -> Callable[[Any], None]:
    """Train for so many epochs."""

    def act(page: Any) -> None:
        page.click("#train")
        until(page, f"parseInt(document.querySelector('#epochs').textContent.slice(6)) >= {number}")
        page.click("#train")

    return act


def memory(page: Any) -> None:
    train(page)
    page.click("#exchange")


def gate(page: Any) -> None:
    train(page)
    page.click(".gate-chip[data-gate=input]")
    page.fill("#time", "1")


def weight(page: Any) -> None:
    train(page)
    page.click(".weight >> nth=0")


def read_on(page: Any) -> None:
    train(page)
    page.select_option("#length", "100")
    page.fill("#time", "40")


def stop(number: int) -> Callable[[Any], None]:
    """Do what this stop of the tour does."""

    def act(page: Any) -> None:
        page.click("#tour")
        for _ in range(number - 1):
            page.click("#next")
        page.click("#act")

    return act


SCENES: dict[str, tuple[str, tuple[int, int], str, Callable[[Any], None]]] = {
    "trained": (TRAINED, SCREEN, "light", train),
    "memory": ("networks=4&learning_rate=0.003", SCREEN, "light", memory),
    "gate": ("networks=4&learning_rate=0.003", SCREEN, "light", gate),
    "weight": ("networks=4&learning_rate=0.003", SCREEN, "light", weight),
    "long": ("networks=4&learning_rate=0.003", SCREEN, "light", read_on),
    "step": ("networks=64&update=step", SCREEN, "light", epochs(250)),
    "recall": (
        "task=recall&steps=5&cell=gru&units=8&networks=4&update=batch&learning_rate=0.01",
        SCREEN,
        "light",
        epochs(4),
    ),
    "written": ("networks=1", SCREEN, "light", stop(8)),
    "dark": ("networks=16&learning_rate=0.003", SCREEN, "dark", epochs(60)),
    "phone": ("networks=16&learning_rate=0.003", PHONE, "light", epochs(60)),
}
"""By name of the picture: the settings, the size in pixels, the colours, and what is done before it is taken."""
