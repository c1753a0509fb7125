"""The page of the laboratory in headless Chromium: when it is ready, how large it is, and its frame rate.

ready       Milliseconds from opening until the page has drawn itself. Limit: 500.
size        Bytes of the page. Limit: 1.5 MB.
frames      Frames per second while time is dragged, 200 steps, an LSTM of 32 units, 16 networks: at rest, and while
            they are trained. Limit: 55.

Times are medians of rounds, with all rounds shown.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from holdfast.verbs.lab import lab

LIMITS = {"ready": 500.0, "size": 1_500_000.0, "frames at rest": 55.0, "frames while training": 55.0}
SETTINGS = "units=32&networks=16"
STEPS = 200
WATCH = """() => {
  window.frames_ = [];
  let last = performance.now();
  const tick = (now) => { window.frames_.push(now - last); last = now; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
}"""


def ready(browser: Any, file: Path) -> float:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(file.as_uri())
    milliseconds = float(page.get_attribute("html", "data-ready"))
    page.close()
    return milliseconds


def frames(browser: Any, file: Path, training: bool) -> float:
    """Frames per second while the slider is dragged from one end to the other."""
    page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page.goto(f"{file.as_uri()}#{SETTINGS}")
    page.wait_for_timeout(1000)
    page.select_option("#length", str(STEPS))
    if training:
        page.click("#train")
    page.wait_for_timeout(500)
    box = page.locator("#time").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.evaluate(WATCH)
    page.mouse.move(box["x"] + 5, middle)
    page.mouse.down()
    for n in range(150):
        page.mouse.move(box["x"] + 5 + n * (box["width"] - 10) / 150, middle)
        page.wait_for_timeout(10)
    page.mouse.up()
    took = page.evaluate("window.frames_")
    page.close()
    return 1000 * len(took) / sum(took)


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as browsers:
        file = Path(folder, "lab.html")
        size = lab(save=file).size
        browser = browsers.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        found = {
            "ready": [ready(browser, file) for _ in range(asked.rounds)],
            "size": [float(size)],
            "frames at rest": [frames(browser, file, training=False) for _ in range(asked.rounds)],
            "frames while training": [frames(browser, file, training=True) for _ in range(asked.rounds)],
        }
        browser.close()
    if asked.json:
        print(json.dumps({name: {"rounds": rounds, "limit": LIMITS[name]} for name, rounds in found.items()}, indent=1))
        return
    for name, rounds in found.items():
        told = ", ".join(f"{value:,.0f}" for value in rounds)
        print(f"{name:22} {statistics.median(rounds):12,.0f}   limit {LIMITS[name]:,.0f}   rounds: {told}")


if __name__ == "__main__":
    main()
