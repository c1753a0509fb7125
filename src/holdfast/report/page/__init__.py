"""Interactive pages: one HTML file with its styles, scripts and data, which loads nothing from a network.

``kit/`` has the parts of every page (styles, curves, heat maps, tables). Every other folder is one kind of page; its
scripts follow those of the kit, in alphabetical order. There is no build step: the scripts are shipped as they are. All
of them share one function scope, so that a page defines no global names. Data are JSON with ``<`` escaped, so that no
text can end the script element; arrays are base64.
"""

from __future__ import annotations

import base64
import html
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.core.errors import BadRun
from holdfast.core.files import write_atomically

FOLDER = Path(__file__).parent
FRAME_HEIGHT = 720
"""Pixels of a page inside a notebook."""
TYPES = {"float64": "f8", "float32": "f4", "uint8": "u1", "bool": "u1"}


@dataclass(frozen=True)
class Page:
    """An HTML page, whole. Notebooks show it inline; ``save`` writes it."""

    html: str = field(repr=False)

    def save(self, path: Path | str) -> Path:
        """Write the page atomically and return its path. Raises ``BadRun`` where it cannot be written."""
        place = Path(path)
        if not place.parent.is_dir():
            raise BadRun(f"cannot write {place}: there is no folder {place.parent}.", "Create it, or give another.")
        if place.is_dir():
            raise BadRun(f"cannot write {place}: it is a folder.", "Give a file, for example page.html.")
        write_atomically(place, self.html)
        return place

    def _repr_html_(self) -> str:
        """A frame of its own, so that the page's styles and scripts stay in it."""
        inner = html.escape(self.html, quote=True)
        return f'<iframe srcdoc="{inner}" width="100%" height="{FRAME_HEIGHT}" style="border: 0"></iframe>'


def write(kind: str, title: str, document: Mapping[str, Any], path: Path | str, script: str = "") -> Path:
    """Write the page atomically and return its path. ``script`` is put before the scripts of this kind of page.

    Raises ``BadRun`` if the file cannot be written.
    """
    return Page(render(kind, title, document, script)).save(path)


def render(kind: str, title: str, document: Mapping[str, Any], script: str = "", engine: str = "") -> str:
    """The page as one text. ``document`` is plain data, which may contain NumPy arrays and parts of results. ``engine``
    is a script that stands before those of the page and is also run in workers of it, which are allowed only then."""
    assert "</" not in engine, "it would end the script element"
    filled = {
        "title": html.escape(title),
        "worker_source": " worker-src blob:;" if engine else "",
        "engine": f'<script id="engine">\n{engine}</script>\n' if engine else "",
        "style": "\n".join(_texts(kind, "css")),
        "script": "\n".join([script, *_texts(kind, "js")]),
        "data": json.dumps(packed(document), allow_nan=False, separators=(",", ":"), ensure_ascii=False)
        # In a script element, only "<" can end the element or start a comment that hides its end.
        .replace("<", "\\u003c")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029"),
    }
    template = (FOLDER / "template.html").read_text(encoding="utf-8")
    pieces = template.split("{{")
    return pieces[0] + "".join(filled[name] + rest for name, rest in (piece.split("}}", 1) for piece in pieces[1:]))


def packed(value: Any) -> Any:
    """A document as plain JSON: an array becomes its type, shape and bytes, a part of a result its kind and fields.

    >>> packed({"x": np.zeros(2, np.uint8), "nan": float("nan")})
    {'x': {'packed': 'u1', 'shape': [2], 'bytes': 'AAA='}, 'nan': None}
    """
    if isinstance(value, np.ndarray):
        name = TYPES[value.dtype.name]
        data = np.ascontiguousarray(value.astype("<" + name)).tobytes()
        return {"packed": name, "shape": list(value.shape), "bytes": base64.b64encode(data).decode()}
    if is_dataclass(value) and not isinstance(value, type):
        return {"part": type(value).__name__} | {f.name: packed(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): packed(part) for key, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [packed(part) for part in value]
    if isinstance(value, np.generic):
        return packed(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _texts(kind: str, suffix: str) -> list[str]:
    files = [file for folder in ("kit", kind) for file in sorted((FOLDER / folder).glob(f"*.{suffix}"))]
    return [f"/* {file.parent.name}/{file.name} */\n{file.read_text(encoding='utf-8')}" for file in files]
