"""What goes out: control characters as escapes, and signs that an encoding lacks spelled in ASCII."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from holdfast.core.text import ERRORS, encodable, escaped, wrapped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("σ × − → x₁ é 名", "σ × − → x₁ é 名"),
        ("\x1b[31m", r"\x1b[31m"),
        ("a\nb\tc\r\x07\x7f\x85", r"a\nb\tc\r\x07\x7f\x85"),
        ("\u202egnp.exe\u2066", r"\u202egnp.exe\u2066"),
        ("\u2028\u200b\ufeff", r"\u2028\u200b\ufeff"),
        ("\udcff", r"\udcff"),
    ],
)
def test_controls_are_escaped_and_letters_are_not(text, shown):
    assert escaped(text) == shown


def test_what_is_to_be_kept_is_kept():
    assert escaped("one\ntwo\x1b", keep="\n") == "one\ntwo\\x1b"


def test_no_character_that_a_terminal_acts_on_is_left():
    """Over all of Unicode, by its own tables."""
    shown = escaped("".join(map(chr, range(sys.maxunicode + 1))))
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_every_character_can_be_written_in_every_encoding(encoding):
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    everything.encode(encoding, ERRORS)


def test_frequent_signs_are_spelled_so_that_they_can_be_read():
    assert encodable("f = σ(x) − 2×10² → ±1 é ░▒▓█ x₁", "ascii") == "f = sigma(x) - 2x10^2 -> +-1 e .:+# x1"
    assert encodable("2×10² −1", "latin-1") == "2×10² -1"
    assert encodable("σ", "utf-8") == "σ"
    assert encodable("名", "ascii") == r"\u540d"


def test_our_own_signs_have_a_spelling():
    """What holdfast writes in its own texts never comes out as an escape."""
    from pathlib import Path

    import holdfast

    package = Path(holdfast.__file__).parent
    used = {c for file in package.rglob("*.py") for c in file.read_text(encoding="utf-8") if not c.isascii()}
    assert not {c for c in used if "\\" in encodable(c, "ascii")}


def test_a_message_that_begins_with_the_command_is_a_sentence():
    message = "holdfast: holdfast compare needs a task, a study, or both of them."
    assert wrapped(message, 24) == "holdfast: holdfast\ncompare needs a task, a\nstudy, or both of them."


def test_lines_are_broken_between_words_and_keep_their_indentation():
    assert wrapped("  one two-three four", 12) == "  one\n  two-three\n  four"
    assert wrapped("see 'holdfast list cells' here", 22) == "see\n'holdfast list cells'\nhere"
    assert wrapped("see 'holdfast list cells' here", 16) == "see 'holdfast\nlist cells' here"
    assert wrapped("continue with: holdfast train --resume runs/a", 20).endswith("\nholdfast train --resume runs/a")
    assert wrapped("", 5) == ""
