"""All laws of a task, in the order in which they depend on each other, and the fast ones among them.

A task is tested with its default axes, and with every choice of each axis that has choices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from holdfast.core.errors import BadValue
from holdfast.core.fields import field_infos
from holdfast.core.task import Split, Task
from holdfast.plugins import task_figures as figures
from holdfast.plugins import task_rows as rows
from holdfast.plugins import task_scenario as scenario
from holdfast.plugins.laws import LawResult, expect, judged
from holdfast.plugins.rows import MANY, SPLITS, TaskSample

QUICK_ROWS = 24
"""The number of training rows in a quick verification."""

SampledLaw = Callable[[TaskSample], str | None]

LAWS: dict[str, SampledLaw] = {
    "shapes": rows.shapes_are_as_declared,
    "asked_from": rows.nothing_is_asked_too_early,
    "first question": rows.something_is_asked_when_said,
    "keys": rows.rows_are_their_key_and_number,
    "oracle": rows.targets_are_the_oracles,
    "look-ahead": rows.nothing_looks_ahead,
    "splits": rows.splits_are_disjoint,
    "lag_steps": rows.the_lag_is_long_enough,
    "chance": figures.chance_is_the_best_guess,
    "memory": figures.memory_is_what_has_to_be_told_apart,
    "scenario": scenario.the_scenario_is_whole,
    "paths": scenario.rows_are_paths,
}
QUICK = ("shapes", "asked_from", "oracle", "scenario", "paths")
"""The laws on which a claim or a certificate relies directly."""


def check(kind: type[Task], file: str, seed: int = 0, many: int = MANY) -> list[LawResult]:
    """Apply every law to every variant. Returns the worst verdict of each law. ``file`` is the file of ``kind``."""
    found = [judged("axes", lambda: bad_axes_are_refused_together(kind), file)]
    for axes in variants(kind):
        said = f"{', '.join(f'{name} {value}' for name, value in axes.items())}: " if axes else ""
        for law in _of(kind, axes, file, seed, many):
            known = next((n for n, other in enumerate(found) if other.check == law.check), None)
            told = LawResult(law.check, law.verdict, said + law.found)
            if known is None:
                found.append(told)
            elif told.fails and not found[known].fails:
                found[known] = told
    return found


def variants(kind: type[Task]) -> list[dict[str, object]]:
    """The axes to test: the defaults, and for each axis with choices every other choice."""
    chosen: list[dict[str, object]] = [
        {axis.name: choice}
        for axis in field_infos(kind).values()
        for choice in axis.meta.choices
        if choice != axis.default
    ]
    return [{}, *chosen]


def _of(kind: type[Task], axes: dict[str, object], file: str, seed: int, many: int) -> list[LawResult]:
    made: list[Task] = []
    found = [judged("baseline", lambda: made.append(kind(**axes)), file)]
    return found + (laws_of(made[0], file, tuple(LAWS), many, seed) if made else [])


def quick(task: Task, file: str, steps: int) -> list[LawResult]:
    """Apply the quick laws to training rows of about ``steps`` steps in total."""
    rows = max(2, min(QUICK_ROWS, steps // max(1, task.longest)))
    return laws_of(task, file, QUICK, rows, splits=("train",))


def laws_of(
    task: Task, file: str, names: tuple[str, ...], many: int, seed: int = 0, splits: tuple[Split, ...] = SPLITS
) -> list[LawResult]:
    """Apply these laws to one task. If its declarations or shapes are wrong, the other laws are not applicable."""
    found = [judged("words", lambda: figures.words_are_known(task), file)]
    if found[0].fails:
        return found
    of = TaskSample(task, many, seed, splits)
    for name in names:
        found.append(judged(name, lambda law=LAWS[name]: law(of), file))
        if name == "shapes" and found[-1].fails and "scored" not in found[-1].found:
            break
    return found


def bad_axes_are_refused_together(kind: type[Task]) -> str:
    """If every axis is out of its range, one ``BadValue`` names all of them."""
    bad: dict[str, Any] = {}
    for axis in field_infos(kind).values():
        if axis.meta.least is not None:
            bad[axis.name] = axis.meta.least - 1
        elif axis.meta.choices:
            bad[axis.name] = "nonsense"
    if not bad:
        return "no axis has a least value or choices"
    refusal = _refusal(kind, bad)
    expect(refusal is not None, f"{bad} was accepted")
    assert refusal is not None
    missing = [name for name in bad if f"--{name} is " not in refusal.message]
    expect(not missing, f"not named: {missing} in {refusal.message}")
    expect(bool(refusal.fix), f"nothing says how to mend it: {refusal.message}")
    return f"{len(bad)} wrong axes are refused together"


def _refusal(kind: type[Task], axes: dict[str, object]) -> BadValue | None:
    try:
        kind(**axes)
    except BadValue as error:
        return error
    return None
