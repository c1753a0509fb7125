"""The strict reader: whatever is wrong with a document is refused with the file, the key, what was got and expected."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core import documents
from holdfast.core.documents import DEEPEST, MOST_BYTES, convert, exact, parse_json, read_json
from holdfast.core.errors import BadFile, BadValue


class Part(msgspec.Struct, forbid_unknown_fields=True):
    steps: Annotated[int, msgspec.Meta(ge=1, le=10)] | Literal["any"]
    cuts: list[Fraction] = []
    share: float = 0.5


class Whole(msgspec.Struct, forbid_unknown_fields=True):
    part: Part
    words: dict[str, str] = {}


@dataclass(frozen=True)
class Plain:
    size: int
    names: tuple[str, ...] = ()


def refusal(act, *arguments, **more):
    with pytest.raises(BadFile) as caught:
        act(*arguments, **more)
    return caught.value.message


MALFORMED = {
    "a key twice": ('{"a": 1, "b": {"c": 1, "c": 2}}', "the key 'c' occurs twice in one object"),
    "NaN": ('{"a": NaN}', "NaN is not a JSON number"),
    "infinity": ("[-Infinity]", "-Infinity is not a JSON number"),
    "past a float": ("[1e999]", "1e999 is too large for a number"),
    "a long integer": ("9" * 19, "a whole number of 19 digits, expected at most 18"),
    "a very long integer": ("-" + "9" * 100_000, "a whole number of 100000 digits"),
    "deep": ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), f"it is nested more than {DEEPEST} deep"),
    "3000 deep": ('{"a":' * 3000 + "1" + "}" * 3000, f"it is nested more than {DEEPEST} deep"),
    "a million deep": ("[" * 10**6, f"it is nested more than {DEEPEST} deep"),
    "half a surrogate pair": ('{"a": "\\ud800"}', "it is no UTF-8 text"),
    "half a surrogate pair as a key": ('{"\\udfff": 1}', "it is no UTF-8 text"),
    "bytes of another encoding": (b'{"a": "\xff"}', "it is no UTF-8 text"),
    "more behind it": ("{} {}", "Extra data"),
    "nothing": ("", "Expecting value"),
    "too large": (" " * (MOST_BYTES + 1), f"it has more than {MOST_BYTES:,} bytes"),
}


@pytest.mark.parametrize(("text", "why"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_strict_json_is_refused_with_the_reason(text, why):
    began = time.process_time()
    message = refusal(parse_json, text, "FILE")
    assert message.startswith("FILE cannot be read as JSON: ")
    assert why in message
    assert time.process_time() - began < 1


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**17) + 1, 10**17 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=["Cs"])),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
        max_leaves=10,
    )
)  # fmt: skip
def test_strict_json_is_read_as_python_reads_it(value):
    text = json.dumps(value)
    assert repr(parse_json(text, "FILE")) == repr(json.loads(text))


def test_what_python_writes_of_floats_is_read_where_that_is_allowed():
    read = parse_json("[NaN, Infinity, 1e999]", "FILE", non_finite=True)
    assert str(read) == "[nan, inf, inf]"


MISTAKES = {
    "type": ({"part": {"steps": 1.0}}, "part.steps is 1.0, expected a whole number or text"),
    "no truth value": ({"part": {"steps": True}}, "part.steps is true, expected a whole number or text"),
    "range": ({"part": {"steps": 11}}, "part.steps is 11, expected a whole number <= 10"),
    "word": ({"part": {"steps": "all"}}, "part.steps is 'all', which is not known"),
    "unknown": ({"part": {"steps": 1}, "more": 1}, "the document has the field 'more', which is not known"),
    "unknown, inside": ({"part": {"steps": 1, "more": 1}}, "part has the field 'more', which is not known"),
    "missing": ({"part": {}}, "part lacks the field 'steps'"),
    "another document": ([], "the document is [], expected an object"),
    "null": (None, "the document is null, expected an object"),
    "in a list": ({"part": {"steps": 1, "cuts": ["0", "x"]}}, "part.cuts[1] is 'x', expected an exact number"),
    "no text": ({"part": {"steps": 1, "cuts": [3]}}, "part.cuts[0] is 3, expected exact numbers as text"),
    "a number as text": ({"part": {"steps": 1, "share": "0.5"}}, "part.share is '0.5', expected a number"),
    "in an object": ({"part": {"steps": 1}, "words": {"a": 3}}, "words[...], expected text"),
    "large": ({"part": [0] * 100}, "part is a list of 100, expected an object"),
}


@pytest.mark.parametrize(("value", "told"), MISTAKES.values(), ids=MISTAKES)
def test_what_has_another_type_is_refused_with_its_key(value, told):
    assert refusal(convert, value, Whole, "FILE").startswith(f"FILE: {told}")


def test_what_fits_is_read():
    read = convert({"part": {"steps": "any", "cuts": ["-1/3", "0x1.8p-1"], "share": 1}}, Whole, "FILE")
    assert read == Whole(Part("any", [Fraction(-1, 3), Fraction(3, 4)], 1.0))


def test_a_dataclass_is_read_and_has_no_other_fields():
    assert convert({"size": 3, "names": ["a"]}, Plain, "FILE") == Plain(3, ("a",))
    assert "has the field 'colour'" in refusal(convert, {"size": 3, "colour": 1}, Plain, "FILE")


def test_another_problem_is_raised_where_it_is_named():
    with pytest.raises(BadValue, match="size is '3', expected a whole number"):
        convert({"size": "3"}, Plain, "recall", BadValue)


@given(st.fractions())
def test_exact_numbers_are_read_as_they_are_written(value):
    assert exact(str(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_hexadecimal_floats_are_exact(value):
    assert exact(value.hex()) == Fraction(value)


@pytest.mark.parametrize(
    "text",
    ["", "1e9", "1e1000000000", "0.5", "1/0", "-", "1/-2", " 1", "1_000", "٣", "0x1p+9999", "0x1p99999", "nan", "inf",
     "0x1", str(2**4096), f"1/{2**4096}", "9" * 10**6],
)  # fmt: skip
def test_what_is_no_exact_number_or_has_no_bounded_size_is_refused(text):
    began = time.process_time()
    with pytest.raises(ValueError, match="expected"):
        exact(text)
    assert time.process_time() - began < 0.1


def test_the_largest_exact_number_is_read():
    assert exact(f"-{2**4096 - 1}/{2**4096 - 3}") == Fraction(-(2**4096 - 1), 2**4096 - 3)


def test_files_that_cannot_be_read_are_told(tmp_path):
    assert refusal(read_json, tmp_path / "none", "a study") == f"there is no file {tmp_path / 'none'}."
    assert refusal(read_json, tmp_path, "a study").startswith(f"{tmp_path} cannot be read: ")
    assert refusal(read_json, "a\x00b", "a study").endswith("cannot be read: embedded null byte.")
    (tmp_path / "large").write_bytes(b" " * (MOST_BYTES + 1))
    assert "has more than" in refusal(read_json, tmp_path / "large", "a study")


def test_without_its_check_a_doubled_key_would_be_missed(monkeypatch):
    """The planted fault: this is what Python's own reader does, and msgspec's as well."""
    monkeypatch.setattr(documents, "_object", dict)
    assert parse_json('{"a": 1, "a": 2}', "FILE") == {"a": 2} == msgspec.json.decode('{"a": 1, "a": 2}')
