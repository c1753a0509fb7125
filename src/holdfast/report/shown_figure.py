"""A matplotlib figure that shows itself in a notebook, also before ``matplotlib.pyplot`` has set a backend."""

from __future__ import annotations

import base64
import html
import io

from matplotlib.figure import Figure


class ShownFigure(Figure):
    """A figure of matplotlib with an HTML form, its SVG as an image."""

    def _repr_html_(self) -> str:
        return f"<div class='holdfast'>{image(self)}</div>"


def image(figure: Figure, title: str = "") -> str:
    """The figure as an ``img`` element that contains its SVG; ``title`` is its text for readers who do not see it."""
    content = io.BytesIO()
    figure.savefig(content, format="svg", metadata={"Date": None})
    data = base64.b64encode(content.getvalue()).decode()
    return f"<p><img alt='{html.escape(title, quote=True)}' src='data:image/svg+xml;base64,{data}'></p>"
