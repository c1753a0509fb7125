"""The laws of a task's rows: their shapes, their dependence on the random key, and the agreement with the oracle."""

from __future__ import annotations

import numpy as np

from holdfast.core.text import percent
from holdfast.plugins.laws import NotApplicable, expect
from holdfast.plugins.rows import Rows, TaskSample, compiled

ORACLE_ROWS = 100
LOOKED_AT = 300
"""The number of rows whose later inputs are set to 0."""
MOVED_ROWS, MOVED_STEPS = 20, 200
"""The number of rows in which single inputs are exchanged, and the number of steps of each."""
FLOAT32 = 2.0**-22
"""The tolerance for targets: float32 numbers below 2, computed with at most two roundings, each with an error of half a
unit in the last place, 2^-24."""


def shapes_are_as_declared(of: TaskSample) -> str:
    """Inputs and targets have the declared sizes. At least one step of every row is scored, and no padding."""
    task, batch = of.task, of.rows("train")
    expected = {
        "inputs": (of.many, task.longest, task.inputs),
        "targets": (of.many, task.longest, task.outputs),
        "scored": (of.many, task.longest),
        "present": (of.many, task.longest),
    }
    for name, part in batch._asdict().items():
        kind = np.bool_ if name in ("scored", "present") else np.floating
        expect(part.shape == expected[name], f"{name} has the shape {part.shape[1:]}, expected {expected[name][1:]}")
        expect(np.issubdtype(part.dtype, kind), f"{name} is {part.dtype}, expected {_word(kind)}")
        expect(bool(np.isfinite(part).all()), f"{name} has numbers that are not finite")
    expect(bool(batch.scored.any(1).all()), "a row without a question")
    expect(not (batch.scored & ~batch.present).any(), "padding is scored")
    shortest = int(batch.present.sum(1).min())
    expect(shortest >= task.shortest, f"a row has {shortest} steps, and 'shortest' is {task.shortest}")
    expect(bool((np.diff(batch.present.astype(int), axis=1) <= 0).all()), "padding comes before the end")
    return f"{of.many} rows of {task.longest} steps"


def _word(kind: type) -> str:
    return "bool" if kind is np.bool_ else "a float"


def nothing_is_asked_too_early(of: TaskSample) -> str:
    """No row is scored before the step ``asked_from``."""
    scored, first = of.rows("train").scored, of.task.asked_from
    expect(0 <= first < of.task.longest, f"asked_from is {first}, expected 0 ... {of.task.longest - 1}")
    expect(not scored[:, :first].any(), f"a step before {first} is scored")
    return f"no step before {first} (from 0) is scored"


def something_is_asked_when_said(of: TaskSample) -> None:
    """Some row is scored at the step ``asked_from``: the declared step is not too early."""
    first = of.task.asked_from
    expect(bool(of.rows("train").scored[:, first].any()), f"step {first} is never scored, and asked_from is {first}")


def rows_are_their_key_and_number(of: TaskSample) -> None:
    """The key and the index of a row determine every bit of it, for any size and start of the batch."""
    many, few = of.rows("train"), compiled(lambda key, first: of.task.sample(key, 3, "train", first))
    expect(many.bits() != of.rows("train", 1).bits(), "another key gives the same batch")
    for first in (0, 2, max(0, of.many - 3)):
        got = Rows.of(few(of.key(), first))
        expect(got.bits() == many.bits(np.s_[first : first + 3]), f"3 rows from {first} are others")


def targets_are_the_oracles(of: TaskSample) -> str:
    """At scored steps, the target equals the answer that the oracle computes from the inputs alone, in float64."""
    count = min(ORACLE_ROWS, of.many)
    for split in of.splits:
        batch = of.rows(split)
        for row in range(count):
            answer = of.task.oracle(batch.inputs[row].astype(np.float64))
            got, expected = np.shape(answer), (of.task.longest, of.task.outputs)
            expect(got == expected, f"the oracle gives the shape {got}, expected {expected}")
            for step in np.flatnonzero(batch.scored[row]):
                target, found = batch.targets[row, step], answer[step]
                same = bool((np.abs(target - found) <= FLOAT32).all())
                expect(
                    same,
                    f"row {row} of {split}, step {step + 1}: the target is {_shown(target)}, "
                    f"the oracle finds {_shown(found)}",
                )
    return f"{count} rows of {' and '.join(of.splits)}"


def _shown(values: np.ndarray) -> str:
    return " ".join(f"{value:.7g}" for value in np.atleast_1d(values))


def nothing_looks_ahead(of: TaskSample) -> None:
    """A target never depends on a later input.

    Rows with the same first inputs have the same targets at these steps. For generated rows, the oracle gives the same
    target if all later inputs are set to 0.
    """
    fixed = of.task.examples()
    batch = Rows.of(fixed) if fixed is not None else of.rows("train").first(LOOKED_AT)
    asked = [(row, step) for row, scored in enumerate(batch.scored) for step in np.flatnonzero(scored)]
    answers: dict[bytes, bytes] = {}
    for row, step in asked:
        read, answer = batch.inputs[row, : step + 1].tobytes(), batch.targets[row, step].tobytes()
        expect(answers.setdefault(read, answer) == answer, f"two answers at step {step + 1} after the same inputs")
    time = np.arange(of.task.longest)[:, None]
    for row, step in asked if fixed is None else ():
        found = of.task.oracle(np.where(time <= step, batch.inputs[row], 0).astype(np.float64))[step]
        same = bool((np.abs(batch.targets[row, step] - found) <= FLOAT32).all())
        expect(same, f"the oracle looks ahead: another answer at step {step + 1} where later inputs are blanked out")


def splits_are_disjoint(of: TaskSample) -> None:
    """No row is in both the training and the test split.

    Numbers: no number is in both splits, although the same key draws adjacent values for both. Symbols: so few rows are
    possible that nearly all are drawn, and none is in both. A task with a fixed list of rows declares ``examples``.
    """
    train, test = of.rows("train"), of.rows("test")
    if (fixed := of.task.examples()) is not None:
        listed = set(_each(np.asarray(fixed.inputs)))
        expect({*_each(train.inputs), *_each(test.inputs)} == listed, "rows are drawn that 'examples' does not list")
    elif of.task.memory_unit == "bits":
        expect(not set(_each(train.inputs)) & set(_each(test.inputs)), "a row is in both splits")
    else:
        numbers = [batch.inputs[batch.present][:, 0] for batch in (train, test)]
        shared = np.isin(numbers[0][numbers[0] != 0], numbers[1]).mean()
        expect(shared == 0, f"{percent(shared, 2)} of the numbers are in both splits")


def _each(inputs: np.ndarray) -> list[bytes]:
    return [row.tobytes() for row in inputs]


def the_lag_is_long_enough(of: TaskSample) -> str:
    """No answer depends on an input more than ``lag_steps`` steps earlier. To test this, single inputs of a row are
    replaced by those of another row, and the oracle's answers are compared."""
    task, lag = of.task, of.task.lag_steps
    expect(0 <= lag <= task.longest, f"lag_steps is {lag}, expected 0 ... {task.longest}")
    if task.examples() is not None:
        raise NotApplicable("rows are a fixed list, in which no input can be exchanged alone")
    batch, longest = of.rows("train").first(MOVED_ROWS + 1), -1
    steps = np.unique(np.linspace(0, task.longest - 1, min(MOVED_STEPS, task.longest)).astype(int))
    for row in range(len(batch.inputs) - 1):
        inputs, asked = batch.inputs[row].astype(np.float64), np.flatnonzero(batch.scored[row])
        right = task.oracle(inputs)
        for step in steps:
            moved = inputs.copy()
            moved[step] = batch.inputs[row + 1, step]
            try:
                changed = [t for t in asked if (task.oracle(moved)[t] != right[t]).any() and t >= step]
            except Exception:
                continue
            longest = max([longest, *(int(t - step) for t in changed)])
    expect(longest <= lag, f"an answer depends on an input {longest} steps before, and lag_steps is {lag}")
    return f"the longest dependence met spans {max(longest, 0)} steps of {lag}"
