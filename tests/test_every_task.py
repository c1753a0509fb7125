"""Every task in the folder, in every variant, obeys every law of a plug-in's task; every law catches its offender.

A task is met with its baseline, with each choice of each of its axes, and with the small axes below, whose rows
are few enough to be all met.
"""

from __future__ import annotations

import contextlib
from functools import cache

import pytest

from holdfast import tasks
from holdfast.core.fields import field_infos
from holdfast.core.task import Task
from holdfast.plugins import task_figures, task_rows, task_scenario
from holdfast.plugins.laws import LawViolation, NotApplicable
from holdfast.plugins.rows import TaskSample
from holdfast.plugins.tasks import bad_axes_are_refused_together

pytestmark = pytest.mark.usefixtures("quick_to_compile")

SMALL = {
    "adding": [{"steps": 7}, {"steps": 5, "variant": "anywhere"}, {"steps": 24, "variant": "1997"}],
    "automaton": [
        {"steps": 8},
        {"steps": 8, "scored": "last", "expression": "(ab)*", "stray": 0.3},
        {"steps": 9, "table": (("0", "1"), ("2", "1"), ("0", "0"))},
        {"steps": 8, "table": (("0", "1"), ("2", "0"), ("2", "2")), "accepting": (1,)},
    ],
    "bits": [{"steps": 4, "bits": 2}, {"steps": 2, "bits": 3, "noise": 0.9}, {"steps": 3, "bits": 1}],
    "copy": [
        {"steps": 10, "symbols": 2, "lag": 2},
        {"steps": 7, "symbols": 3, "lag": 0},
        {"steps": 3, "lag": 2, "variant": "reals"},
        {"steps": 1, "lag": 0, "variant": "reals", "range": (0.0, 1.0)},
    ],
    "counting": [
        {"steps": 9, "depth": 3},
        {"steps": 13, "language": "anbncn", "depth": 3},
        {"steps": 6, "language": "dyck", "depth": 3},
        {"steps": 8, "language": "dyck", "depth": 4, "kinds": 1, "scored": "last"},
        {"steps": 7, "depth": 2, "variant": "complete", "stray": 0.2},
    ],
    "echo": [
        {"lag": 4, "symbols": 2},
        {"lag": 4, "symbols": 3, "variant": "shared"},
        {"sequences": (("3", "0", "1", "2", "3"), ("4", "0", "1", "2", "4"))},
        {"sequences": (("a", "b", "c", "a"), ("b", "b"), ("c", "a", "b", "b", "c"))},
    ],
    "flip_flop": [{"steps": 4}, {"steps": 4, "scored": "last", "ignore": 0.5}],
    "group": [
        {"steps": 4},
        {"steps": 6, "group": "Z", "modulus": 3, "scored": "last"},
        {"steps": 10, "group": "A5", "symbols": "generators"},
        {"steps": 10, "group": "S5", "symbols": "generators", "scored": "last"},
        {"steps": 6, "group": "S3", "symbols": "exchanges"},
        {"steps": 4, "group": "S3", "symbols": "three"},
    ],
    "induction": [{"steps": 6, "symbols": 3}, {"steps": 8, "symbols": 2}],
    "modular": [
        {"steps": 5, "modulus": 2},
        {"steps": 5, "modulus": 2, "scored": "last"},
        {"steps": 6, "modulus": 2, "depth": 1},
    ],
    "mqar": [{"steps": 10, "pairs": 2, "symbols": 4}, {"steps": 6, "pairs": 1, "symbols": 6, "power": 1.0}],
    "parity": [{"steps": 10}, {"steps": 10, "scored": "last"}],
    "order": [{"steps": 6}, {"steps": 7, "variant": "three"}],
    "recall": [
        {"steps": 4, "position": 2, "range": (-2.0, 2.0)},
        {"steps": 3, "position": 3},
        {"steps": 1},
        {"steps": 3, "distribution": "normal"},
        {"steps": 2, "range": (2.0, 5.0)},
    ],
    "selective_copy": [{"steps": 3, "symbols": 2, "lag": 2}, {"steps": 2, "symbols": 3, "lag": 3}],
}


@cache
def sampled(task: Task) -> TaskSample:
    """Many rows, drawn once for all laws."""
    return TaskSample(task)


def met(name: str, axes: dict) -> TaskSample:
    return sampled(tasks.get(name)(**axes))


def choices(name: str) -> list[dict]:
    """The baseline, and each axis of choices with every choice."""
    return [{}, *({f.name: choice} for f in field_infos(tasks.get(name)).values() for choice in f.meta.choices)]


def label(axes: dict) -> str:
    return "-".join(f"{name}={value}" for name, value in axes.items() if name != "sequences") or "given"


ALL = [
    pytest.param(name, axes, id=f"{name}-{label(axes)}")
    for name in tasks.FOLDER.names()
    for axes in SMALL.get(name) or choices(name)
]
every_variant = pytest.mark.parametrize(("name", "axes"), ALL)


@pytest.mark.parametrize("name", SMALL)
def test_every_choice_of_our_tasks_is_met(name):
    made = [tasks.get(name)(**axes) for axes in SMALL[name]]
    for choice in choices(name)[1:]:
        assert any(getattr(task, axis) == value for task in made for axis, value in choice.items()), choice


@every_variant
def test_shapes_are_as_declared(name, axes):
    task_rows.shapes_are_as_declared(met(name, axes))


@every_variant
def test_nothing_is_asked_before_the_step_that_is_said(name, axes):
    task_rows.nothing_is_asked_too_early(met(name, axes))
    task_rows.something_is_asked_when_said(met(name, axes))


@every_variant
def test_a_row_is_decided_by_its_key_and_number(name, axes):
    task_rows.rows_are_their_key_and_number(met(name, axes))


@every_variant
def test_targets_are_the_oracles_where_scored(name, axes):
    task_rows.targets_are_the_oracles(met(name, axes))


@every_variant
def test_no_target_depends_on_a_later_input(name, axes):
    task_rows.nothing_looks_ahead(met(name, axes))


@every_variant
def test_training_and_test_rows_are_disjoint(name, axes):
    task_rows.splits_are_disjoint(met(name, axes))


@every_variant
def test_chance_is_what_a_memoryless_guesser_reaches(name, axes):
    task_figures.chance_is_the_best_guess(met(name, axes))


@every_variant
def test_the_memory_demanded_is_what_has_to_be_told_apart(name, axes):
    task_figures.memory_is_what_has_to_be_told_apart(met(name, axes))


@pytest.mark.parametrize(("name", "axes"), [p for p in ALL if tasks.get(p.values[0]).scenario is not Task.scenario])
def test_every_row_is_a_path_of_the_scenario(name, axes):
    task_scenario.the_scenario_is_whole(met(name, axes))
    task_scenario.rows_are_paths(met(name, axes))


@every_variant
def test_words_and_the_lag_are_right(name, axes):
    task_figures.words_are_known(tasks.get(name)(**axes))
    with contextlib.suppress(NotApplicable):
        task_rows.the_lag_is_long_enough(met(name, axes))


@pytest.mark.parametrize("name", SMALL)
def test_our_tasks_describe_all_their_rows(name):
    assert tasks.get(name).scenario is not Task.scenario


@pytest.mark.parametrize("name", tasks.FOLDER.names())
def test_bad_axes_are_refused_together(name):
    bad_axes_are_refused_together(tasks.get(name))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("law", "offender", "words"),
    [
        (task_rows.shapes_are_as_declared, "asks_in_padding", "padding is scored"),
        (task_rows.nothing_is_asked_too_early, "asks_early", "a step before 2 is scored"),
        (task_rows.something_is_asked_when_said, "says_too_early", "step 1 is never scored"),
        (task_rows.rows_are_their_key_and_number, "ignores_the_key", "another key gives the same batch"),
        (task_rows.rows_are_their_key_and_number, "global_chance", "3 rows from 0 are others"),
        (task_rows.rows_are_their_key_and_number, "batch_in_the_key", "3 rows from 0 are others"),
        (task_rows.rows_are_their_key_and_number, "ignores_first", "3 rows from 2 are others"),
        (
            task_rows.targets_are_the_oracles,
            "wrong_oracle",
            "row 0 of train, step 10: the target is",
        ),
        (task_rows.nothing_looks_ahead, "looks_ahead", "two answers at step 1 after the same inputs"),
        (task_rows.nothing_looks_ahead, "oracle_looks_ahead", "the oracle looks ahead"),
        (task_rows.splits_are_disjoint, "shared_symbols", "a row is in both splits"),
        (task_rows.splits_are_disjoint, "shared_numbers", "100.00 % of the numbers are in both splits"),
        (task_figures.chance_is_the_best_guess, "modest_chance", "claim 0.33333"),
        (
            task_figures.memory_is_what_has_to_be_told_apart,
            "forgetful_memory",
            "after step 10 0 reals",
        ),
        (task_figures.chance_is_the_best_guess, "modest_bits", "claim 0.98010"),
        (
            task_figures.memory_is_what_has_to_be_told_apart,
            "modest_bits",
            "after step 1 2 bits",
        ),
        (task_scenario.rows_are_paths, "missing_path", "row 0 of train leaves every path at step 2"),
        (task_scenario.rows_are_paths, "wrong_answer", "row 0 of train has another answer at step 10 than .'held'."),
        (task_scenario.rows_are_paths, "missing_answer", "no answer at step 10"),
    ],
)
def test_a_law_catches_the_task_that_breaks_it(law, offender, words, offenders):
    with pytest.raises(LawViolation, match=words):
        law(met(offender, {}))


@pytest.mark.parametrize(
    ("offender", "words"), [("first_reason_only", "not named"), ("takes_anything", "was accepted")]
)
def test_the_law_of_refusals_catches_the_task_that_breaks_it(offender, words, offenders):
    with pytest.raises(LawViolation, match=words):
        bad_axes_are_refused_together(tasks.get(offender))
