"""Text on its way out: control characters are escaped, and signs that an encoding lacks are spelled in ASCII."""

from __future__ import annotations

import codecs
import unicodedata

ERRORS = "holdfast.ascii"
"""The error handler for ``str.encode`` and for streams, known once this file is imported."""

_UNSAFE = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
"""Categories that a terminal may act on or cannot show: controls, bidirectional and invisible marks, surrogates, line
separators. None of them has an advance of its own."""

_SIGNS = {
    "−": "-",
    "×": "x",
    "·": "*",
    "→": "->",
    "±": "+-",
    "≡": "==",
    "≤": "<=",
    "≥": ">=",
    "≈": "~",
    "∂": "d",
    "σ": "sigma",
    "λ": "lambda",
    "²": "^2",
    "…": "...",
    "–": "-",
    "—": "-",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "─": "-",
    "│": "|",
    "├": "|",
    "└": "`",
    "█": "#",
    "▓": "+",
    "▒": ":",
    "░": ".",
    "●": "*",
    "○": "o",
    "◆": "x",
    "◇": "+",
    "▲": "^",
    "△": "v",
    "■": "#",
    "□": "=",
} | {chr(0x2080 + digit): str(digit) for digit in range(10)}


def escaped(text: str, keep: str = "") -> str:
    r"""``text`` with every character that a terminal would act on as an escape, but for those in ``keep``.

    >>> print(escaped("net\x1b[31m\n"))
    net\x1b[31m\n
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in keep or unicodedata.category(c) not in _UNSAFE else _escape(c) for c in text)


def encodable(text: str, encoding: str | None) -> str:
    """``text`` as a stream of this encoding shows it, so that what is laid out has the width that it will have.

    >>> encodable("2 → ±1", "ascii")
    '2 -> +-1'
    """
    used = encoding or "ascii"
    return text.encode(used, ERRORS).decode(used)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_SIGNS.get(character) or _ascii(character) for character in lacking), error.end


def _ascii(character: str) -> str:
    """The letter below an accent, else an escape."""
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode("ascii")
    return plain if plain.isprintable() and plain else _escape(character)


codecs.register_error(ERRORS, _spell)
