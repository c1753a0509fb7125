"""Text on its way out: control characters are escaped, and signs that an encoding lacks are spelled in ASCII."""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import shlex
import textwrap
import unicodedata
from typing import TextIO

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
    "≡": "%",
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
    "◆": "@",
    "◇": "%",
    "▲": "^",
    "△": "v",
    "■": "#",
    "□": "=",
} | {chr(0x2080 + digit): str(digit) for digit in range(10)}


_WHOLE = re.compile(r"(?:(?<=: )(?<!holdfast: )|(?<=, ))holdfast [a-z-]+.*?(?=, |\. |; | or |$)| %")
"""What is not broken: a command to copy, since a line end would cut it, and a number with its percent sign."""
_NAMED = re.compile(r"'holdfast [^']*'")
"""A command in a sentence, which is broken only where it is longer than a line."""


def width_of(file: TextIO, otherwise: int) -> int:
    """The width of the terminal that ``file`` writes to, or COLUMNS; ``otherwise`` if it is no terminal."""
    if not file.isatty():
        return otherwise
    with contextlib.suppress(ValueError):
        if (given := int(os.environ.get("COLUMNS", "0"))) > 0:
            return given
    with contextlib.suppress(ValueError, OSError):  # no file below it, as in a test
        return os.get_terminal_size(file.fileno()).columns or otherwise
    return otherwise


def wrapped(line: str, width: int, start: str = "", indent: str | None = None) -> str:
    """One line as lines of at most ``width`` columns, broken between words: longer words and commands stay whole.

    The first line begins with ``start``, the others with ``indent`` (default: as the line itself is indented).

    >>> print(wrapped("Not solved. Look at one: holdfast explain net.safetensors", 30))
    Not solved. Look at one:
    holdfast explain net.safetensors
    """
    further = line[: len(line) - len(line.lstrip(" "))] if indent is None else indent
    lines = textwrap.fill(
        _kept_whole(line, width - len(further)),
        width,
        initial_indent=start,
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines.replace("\0", " ")


def longest_word(line: str) -> str:
    """What ``wrapped`` never breaks: the longest word, or command to copy."""
    return max(_kept_whole(line, 0).split(" "), key=len)


def _kept_whole(line: str, width: int) -> str:
    """``line`` with a NUL for every space that is not to be broken in ``width`` columns."""

    def whole(found: re.Match[str]) -> str:
        return found[0].replace(" ", "\0")

    kept = _WHOLE.sub(whole, line)
    return _NAMED.sub(lambda found: whole(found) if len(found[0]) <= width else found[0], kept)


def paragraphs(text: str) -> str:
    r"""``text`` with every paragraph as one line, as ``wrapped`` expects it. Indented lines stay as they are.

    >>> paragraphs("One\ntwo.\n\nexample:\n  three")
    'One two.\n\nexample:\n  three'
    """
    return re.sub(r"(?<=\S)\n(?=\S)", " ", text)


def escaped(text: str, keep: str = "") -> str:
    r"""``text`` with every character that a terminal would act on as an escape, but for those in ``keep``.

    >>> print(escaped("net\x1b[31m\n"))
    net\x1b[31m\n
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in keep or unicodedata.category(c) not in _UNSAFE else _escape(c) for c in text)


def argument(path: object) -> str:
    """``path`` as a shell takes it in a command that is shown, in quotes where it needs them.

    >>> argument("my runs/net.safetensors")
    "'my runs/net.safetensors'"
    """
    return shlex.quote(escaped(str(path)))


def percent(share: float, digits: int = 0) -> str:
    """``share`` as a percentage.

    >>> percent(0.5), percent(0.0012, 1)
    ('50 %', '0.1 %')
    """
    return f"{100 * share:.{digits}f} %"


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
