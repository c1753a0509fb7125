"""Fields that describe themselves: types, limits, text and documents follow from one line."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest

from holdfast.core import fields, values
from holdfast.core.errors import BadFile
from holdfast.core.fields import field_infos, setting


@dataclass
class Record:
    many: int = setting(3, "how many", least=1, most=9)
    rate: float = setting(0.1, "how fast", positive=True)
    name: str = setting("one", "which", choices=("one", "two"), formerly={True: "one", False: "two"})
    cut: int | None = setting(None, "where to cut", least=1, unset="never")
    range: tuple[float, float] = setting((-1.0, 1.0), "from and to")
    sizes: tuple[int, ...] = setting((8, 32), "sizes")
    late: bool = setting(False, "is new", before=False)

    def __post_init__(self):
        self.reasons = fields.take(self) or fields.mistakes(self)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"many": 8.5}, "--many is 8.5, expected a whole number"),
        ({"many": True}, "--many is True, expected a whole number"),
        ({"many": 0}, "--many is 0, expected at least 1"),
        ({"many": 10}, "--many is 10, expected at most 9"),
        ({"rate": "fast"}, "--rate is 'fast', expected a number"),
        ({"rate": float("nan")}, "--rate is nan, expected a positive number of at most 3.4e+38"),
        ({"name": 3}, "--name is 3, expected text of at most 200 characters"),
        ({"name": "three"}, "--name is 'three', expected one of one, two"),
        ({"name": "x" * 201}, "expected text of at most 200 characters"),
        ({"cut": 0}, "--cut is 0, expected at least 1"),
        ({"cut": 1.0}, "--cut is 1.0, expected a whole number"),
        ({"range": (1.0,)}, "--range is (1.0,), expected 2 numbers"),
        ({"sizes": 8}, "--sizes is 8, expected a list of whole numbers"),
        ({"late": 1}, "--late is 1, expected true or false"),
        ({"many": 10**400}, "expected at most 9"),
        ({"rate": 10**400}, "expected a number"),
    ],
)
def test_a_wrong_value_is_told_with_what_was_expected(changed, reason):
    reasons = Record(**changed).reasons
    assert any(reason in told for told in reasons), reasons
    assert all(len(told) < 200 for told in reasons)


def test_a_value_is_kept_as_its_own_type():
    made = Record(np.int64(4), 1, "two", np.int32(2), [0, 2], [np.int8(1)])
    assert made.reasons == []
    kept = (made.many, made.rate, made.cut, made.range, made.sizes)
    assert kept == (4, 1.0, 2, (0.0, 2.0), (1,))
    assert [type(value) for value in kept] == [int, float, int, tuple, tuple]
    json.dumps(fields.plain(made))


@pytest.mark.parametrize("name", list(field_infos(Record)))
def test_every_value_is_read_as_it_is_written(name):
    one = field_infos(Record)[name]
    for value in {"rate": (1e-3, 0.1 + 0.2, 1e-30), "cut": (None, 7), "late": (True, False)}.get(name, (one.default,)):
        if name != "range":  # its two numbers are two words
            assert one.read(values.text(value)) == value
    document = json.loads(json.dumps(fields.plain(Record())))
    assert Record(**fields.given(Record, document, "FILE")) == Record()


def test_a_document_is_read_strictly_and_one_of_before_is_understood():
    document = fields.plain(Record())
    old = {name: value for name, value in document.items() if name != "late"} | {"name": False}
    assert fields.given(Record, old, "FILE") == document | {"name": "two"}
    assert field_infos(Record)["name"].as_before("two") is False
    assert field_infos(Record)["late"].as_before(False) is fields.REQUIRED
    assert field_infos(Record)["late"].as_before(True) is True
    with pytest.raises(BadFile, match="FILE lacks the field 'rate'"):
        fields.given(Record, {name: value for name, value in document.items() if name != "rate"}, "FILE")
    with pytest.raises(BadFile, match="FILE has the unknown field 'colour'"):
        fields.given(Record, document | {"colour": 3}, "FILE")


def test_a_record_that_is_derived_has_the_fields_of_both():
    @dataclass
    class More(Record):
        more: float | None = setting(None, "something else")

    assert [*field_infos(More)] == [*field_infos(Record), "more"]
    assert (field_infos(More)["more"].kind, field_infos(More)["more"].optional) == (float, True)
