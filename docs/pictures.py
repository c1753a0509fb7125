"""The two pictures of the README, made again with

    python docs/pictures.py

``demo.svg`` shows the output of ``holdfast demo`` scrolling through a terminal; no fonts or scripts are loaded.
``page.webp`` is the page of a trained network in headless Chromium (needs playwright and Pillow).
"""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent / "pictures"
COMMAND = "holdfast demo"
ROWS, COLUMNS = 26, 80
ROW_HEIGHT, COLUMN_WIDTH, MARGIN = 18, 8.43, 14
"""Pixels, of a monospaced font of 14 pixels."""
SECONDS_PER_ROW, SECONDS_AT_END = 0.16, 8.0
TRAINING = "train recall --steps 5 --units 8 --cell gru --seeds 4 --out run"
"""As in the README."""
SIZE, CUT = (1280, 1500), (1280, 935)
"""Pixels: the window, and the part of it that is kept."""


def recording(command: str, output: str) -> str:
    """An SVG of a terminal of 26 rows: the output scrolls from the bottom, stays at its end, and begins again. Where
    motion is not wanted, it shows the end."""
    rows = [f"$ {command}", *output.splitlines()]
    seconds = len(rows) * SECONDS_PER_ROW + SECONDS_AT_END
    steps = [
        f"{100 * n * SECONDS_PER_ROW / seconds:.2f}%{{transform:translateY({-(n + 1) * ROW_HEIGHT}px)}}"
        for n in range(len(rows))
    ]
    end = f"translateY({-len(rows) * ROW_HEIGHT}px)"
    width, height = round(COLUMNS * COLUMN_WIDTH + 2 * MARGIN), ROWS * ROW_HEIGHT + 2 * MARGIN
    texts = "\n".join(
        f'<text x="{MARGIN}" y="{(ROWS + n + 1) * ROW_HEIGHT + MARGIN - 5}" xml:space="preserve">'
        f"{html.escape(row)}</text>"
        for n, row in enumerate(rows)
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">
<title>{html.escape(command)}</title>
<style>
text{{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#e6e6e6}}
#rows{{transform:{end};animation:scroll {seconds:.2f}s step-end infinite}}
@keyframes scroll{{{"".join(steps)}100%{{transform:{end}}}}}
@media (prefers-reduced-motion:reduce){{#rows{{animation:none}}}}
</style>
<rect width="{width}" height="{height}" rx="8" fill="#1d1f27"/>
<clipPath id="screen"><rect x="0" y="{MARGIN}" width="{width}" height="{ROWS * ROW_HEIGHT}"/></clipPath>
<g clip-path="url(#screen)"><g id="rows">
{texts}
</g></g>
</svg>
"""


def lines_of(recorded: str) -> list[str]:
    """The rows of text in a recording."""
    return [html.unescape(row) for row in re.findall(r"<text [^>]*>(.*?)</text>", recorded)]


def photograph(file: Path) -> None:
    """Train a network, write its page, and store the upper part of it."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    holdfast = [sys.executable, "-m", "holdfast"]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*holdfast, *TRAINING.split()], cwd=folder, check=True)
        network = "run/weights/seed-0.safetensors"
        subprocess.run([*holdfast, "explain", network, "--page", "net.html"], cwd=folder, check=True)
        taken = Path(folder, "page.png")
        with sync_playwright() as browsers:
            browser = browsers.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"))
            page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}, color_scheme="light")
            page.goto(Path(folder, "net.html").as_uri())
            page.wait_for_timeout(1000)
            page.screenshot(path=str(taken))
            browser.close()
        Image.open(taken).crop((0, 0, *CUT)).save(file, quality=70, method=6)


def main() -> None:
    import shown

    tour = (Path(__file__).parent / "tour.md").read_text(encoding="utf-8")
    output = dict(shown.commands(tour))[COMMAND]
    (FOLDER / "demo.svg").write_text(recording(COMMAND, output), encoding="utf-8")
    photograph(FOLDER / "page.webp")


if __name__ == "__main__":
    main()
