"""Rows of a task at several lengths, in twins: the same answer asked of two rows whose other inputs are different."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from holdfast.core.errors import BadValue
from holdfast.core.task import Task
from holdfast.engine.sampled import sampled
from holdfast.models.levels import Model, outputs_of_rows

FIRST = 10_000
"""Where these rows begin: far from those of the subject."""
MOST_QUESTIONS = 300
"""Asked of the oracle for one row, to find the inputs on which its answer depends."""


@dataclass(frozen=True)
class AnswersAtLength:
    """What a network answered at one length: ``outputs`` and ``targets`` [pair, twin, asked, output], in float64.

    ``asked`` runs over the scored steps; where a row has fewer than others, the last is repeated.
    """

    length: int
    outputs: np.ndarray
    targets: np.ndarray


def at_lengths(task: Task, lengths: list[int]) -> dict[int, Task]:
    """The task at every length at which it exists."""
    found = {}
    for length in lengths:
        try:
            found[length] = replace(task, **{task.length_axis: length})
        except BadValue:
            continue
    return found


def answers(
    network: Model, tasks: dict[int, Task], pairs: int, seed: int, *, longest: int, lengths: int
) -> list[AnswersAtLength]:
    """Run all lengths side by side, padded to ``longest`` steps, and to so many ``lengths``: the same shape at every
    call, so that it is compiled once."""
    made = {length: _twins(task, pairs, seed) for length, task in tasks.items()}
    inputs = np.concatenate([_padded(rows["inputs"], longest) for rows in made.values()])
    present = np.concatenate([_padded(rows["present"], longest) for rows in made.values()])
    inputs, present = (np.resize(a, (2 * pairs * lengths, *a.shape[1:])) for a in (inputs, present))
    outputs = np.asarray(outputs_of_rows(network, np.asarray(inputs, network.dtype), present), np.float64)
    told = []
    for number, (length, rows) in enumerate(made.items()):
        own = outputs[2 * pairs * number : 2 * pairs * (number + 1)]
        most = int(rows["scored"].sum(1).max())
        at = np.stack([np.resize(np.flatnonzero(s), most) if s.any() else np.zeros(most, int) for s in rows["scored"]])
        row = np.arange(len(at))[:, None]
        shape = (pairs, 2, most, own.shape[-1])
        told.append(AnswersAtLength(length, own[row, at].reshape(shape), rows["targets"][row, at].reshape(shape)))
    return told


def _padded(a: np.ndarray, longest: int) -> np.ndarray:
    return np.pad(a, [(0, 0), (0, longest - a.shape[1]), *[(0, 0)] * (a.ndim - 2)])


def _twins(task: Task, pairs: int, seed: int) -> dict[str, np.ndarray]:
    """Rows 0, 0', 1, 1', ...: of the second of each pair, every input that its answer does not depend on is another."""
    batch = sampled(task, seed, 2 * pairs, "test", FIRST)
    rows: dict[str, Any] = {name: np.array(getattr(batch, name)) for name in ("inputs", "targets", "scored", "present")}
    for n in range(0, 2 * pairs, 2):
        scored, both = rows["scored"][n], rows["present"][n] & rows["present"][n + 1]
        rows["inputs"][n + 1] = _twin(task, rows["inputs"][n], rows["inputs"][n + 1], both, scored)
        for name in ("targets", "scored", "present"):
            rows[name][n + 1] = rows[name][n]
    rows["targets"] = rows["targets"].astype(np.float64)
    return rows


def _twin(task: Task, one: np.ndarray, other: np.ndarray, both: np.ndarray, scored: np.ndarray) -> np.ndarray:
    """``one`` with as many steps of ``other`` as leave its answer; found by halving what may not be replaced."""
    wanted, made, questions = task.oracle(one)[scored], one.copy(), 0
    blocks = [np.flatnonzero(both)]
    while blocks and questions < MOST_QUESTIONS:
        block = blocks.pop()
        tried = made.copy()
        tried[block] = other[block]
        questions += 1
        if len(block) and _same(task, tried, wanted, scored):
            made = tried
        elif len(block) > 1:
            blocks += [block[: len(block) // 2], block[len(block) // 2 :]]
    return made


def _same(task: Task, inputs: np.ndarray, wanted: np.ndarray, scored: np.ndarray) -> bool:
    """Whether these inputs have the same answer; ones that are no row of the task have none."""
    try:
        return bool(np.array_equal(task.oracle(inputs)[scored], wanted))
    except (ValueError, IndexError, KeyError):
        return False
