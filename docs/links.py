"""Whether every link of the built site inside itself leads somewhere: files, and the anchors in them."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LIVE = "live"
"""The folder of pages whose anchors are made by their scripts."""


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            if name in ("href", "src") and value and tag != "base":
                self.links.append(value)


def dead(site: Path) -> list[str]:
    """Every link to a file or an anchor of the site that does not exist, as ``page: link``."""
    pages = {file: _read(file) for file in sorted(site.rglob("*.html")) if LIVE not in file.relative_to(site).parts}
    links = ((file, link) for file, page in pages.items() for link in page.links)
    return [f"{file.relative_to(site)}: {link}" for file, link in links if _leads_nowhere(file, link, pages)]


def _leads_nowhere(file: Path, link: str, pages: dict[Path, _Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return False
    target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
    if target.is_dir():
        target /= "index.html"
    if not target.exists():
        return True
    anchor = unquote(parts.fragment)
    return bool(anchor) and target in pages and anchor not in pages[target].anchors


def _read(file: Path) -> _Page:
    page = _Page()
    page.feed(file.read_text(encoding="utf-8"))
    return page
