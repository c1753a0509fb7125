"""Settings refuse what cannot be trained, with every reason at once, and survive their own JSON."""

import json

import pytest

from holdfast.core.errors import BadFile, BadValue, UnknownName
from holdfast.tasks.echo import Echo
from holdfast.tasks.recall import Recall
from holdfast.training.settings import Settings

PAIR = Echo(sequences=(("a", "b"), ("b", "a")))


def test_every_reason_is_told_at_once():
    with pytest.raises(BadValue) as told:
        Settings(Recall(), units=0, budget=0, learning_rate=-1.0, clip=0.0, seed=-1, seeds=0)
    for flag in (
        "--units is 0",
        "--budget is 0",
        "--learning-rate is -1",
        "--clip is 0",
        "--seed is -1",
        "--seeds is 0",
    ):
        assert flag in told.value.message


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"update": "sequence", "batch": 4}, "one sequence per update, but --batch is 4"),
        ({"update": "step", "truncate": 3}, "--truncate has no meaning"),
        ({"order": "shuffled"}, "recall draws new ones"),
        ({"order": "random"}, "--order is 'random', expected one of fixed, shuffled"),
        ({"initialisation": "chrono"}, "starts with 'chrono'"),
        ({"cell": "elman", "initialisation": "keras+chrono"}, "elman has no forget gate"),
    ],
)
def test_contradictions_are_refused_in_words(changes, words):
    with pytest.raises(BadValue) as told:
        Settings(Recall(), **changes)
    assert words in told.value.message


def test_an_unknown_cell_suggests_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'lstm'"):
        Settings(Recall(), cell="lstn")


@pytest.mark.parametrize(("update", "batch", "rows"), [("step", None, 1), ("sequence", None, 1), ("batch", None, 32)])
def test_rows_per_update(update, batch, rows):
    assert Settings(Recall(), update=update, batch=batch).rows == rows


def test_given_sequences_are_one_batch():
    assert Settings(PAIR, update="batch").rows == 2
    assert Settings(PAIR, update="sequence").rows == 1


def test_settings_survive_their_json():
    for settings in (
        Settings(Recall(steps=7, range=(-2.0, 3.0)), cell="gru", clip=None),
        Settings(PAIR, update="step"),
    ):
        assert Settings.from_json(json.loads(json.dumps(settings.as_json()))) == settings


@pytest.mark.parametrize("document", [{}, {"task": {}}, {"task": {"name": "recall", "colour": 3}}, {"task": 3}])
def test_foreign_settings_are_refused(document):
    with pytest.raises(BadFile, match="the settings of this run"):
        Settings.from_json(document)
