"""The laws that every task obeys. Each is a function of a task and raises ``AssertionError`` where it is broken.

``test_every_task.py`` applies each to every task, in every variant, and to a planted offender that it has to catch.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from dataclasses import fields
from functools import cache
from typing import Any, NamedTuple

import jax
import numpy as np

from holdfast.core.errors import BadValue
from holdfast.core.scenario import Box, Class, Scenario
from holdfast.core.task import Batch, Task

MANY = 20_000
FEW = 8
"""An input with more different values than these is a number, and no symbol or marker."""
FLOAT32 = 2.0**-22
"""Targets are float32 numbers below 2, made with at most two roundings of half a unit in the last place, 2^-24 each."""


class Rows(NamedTuple):
    """A batch as NumPy arrays."""

    inputs: np.ndarray
    targets: np.ndarray
    scored: np.ndarray
    present: np.ndarray

    @staticmethod
    def of(batch: Batch) -> Rows:
        return Rows(*(np.asarray(part) for part in (batch.inputs, batch.targets, batch.scored, batch.present)))

    def bits(self, chosen: slice = np.s_[:]) -> list[bytes]:
        return [part[chosen].tobytes() for part in self]


@cache
def rows(task: Task, split: Any, seed: int = 0) -> Rows:
    """Many rows, drawn once for all laws."""
    return Rows.of(_drawn(task, split)(jax.random.key(seed)))


@cache
def _drawn(task: Task, split: Any) -> Any:
    return jax.jit(lambda key: task.sample(key, MANY, split))


def shapes_are_as_declared(task: Task) -> None:
    """Inputs and targets have the declared sizes; something is scored in every row, and nothing in padding."""
    batch = rows(task, "train")
    assert batch.inputs.shape == (MANY, task.longest, task.inputs)
    assert batch.targets.shape == (MANY, task.longest, task.outputs)
    assert batch.scored.any(1).all(), "a row without a question"
    assert not (batch.scored & ~batch.present).any(), "padding is scored"
    assert (np.diff(batch.present.astype(int), axis=1) <= 0).all(), "padding comes before the end"
    assert all(np.isfinite(part).all() for part in batch)
    assert 0 <= task.lag_steps <= task.longest


def nothing_is_asked_before_it_says(task: Task) -> None:
    """No row is scored before the step ``asked_from``, and some row is scored there: nor is it said too early."""
    scored, first = rows(task, "train").scored, task.asked_from
    assert 0 <= first < task.longest
    assert not scored[:, :first].any(), f"a step before {first} is scored"
    assert scored[:, first].any(), f"step {first} is never scored"


def rows_are_their_key_and_number(task: Task) -> None:
    """The key and a row's number decide every bit of it: whatever the batch's size, and wherever it starts."""
    many, few = rows(task, "train"), jax.jit(lambda key, first: task.sample(key, 3, "train", first))
    assert many.bits() != rows(task, "train", seed=1).bits(), "another key gives the same batch"
    for first in (0, 2, MANY - 3):
        got = Rows.of(few(jax.random.key(0), first))
        assert got.bits() == many.bits(np.s_[first : first + 3]), f"3 rows from {first} are others"


def targets_are_the_oracles(task: Task) -> None:
    """Where an answer is asked for, the target is what the oracle finds again from the inputs alone, in float64."""
    for split in ("train", "test"):
        batch = rows(task, split)
        for row in range(100):
            answer = task.oracle(batch.inputs[row].astype(np.float64))
            assert answer.shape == (task.longest, task.outputs)
            asked = batch.scored[row]
            np.testing.assert_allclose(batch.targets[row][asked], answer[asked], rtol=0, atol=FLOAT32)


def nothing_looks_ahead(task: Task) -> None:
    """A target never depends on an input that comes later.

    Rows that begin alike have the same targets up to there; and where rows are drawn afresh, the oracle finds the
    same target when everything later is blanked out.
    """
    fixed = task.examples()
    batch = Rows.of(fixed) if fixed is not None else Rows(*(part[:300] for part in rows(task, "train")))
    asked = [(row, step) for row, scored in enumerate(batch.scored) for step in np.flatnonzero(scored)]
    answers: dict[bytes, bytes] = {}
    for row, step in asked:
        read, answer = batch.inputs[row, : step + 1].tobytes(), batch.targets[row, step].tobytes()
        assert answers.setdefault(read, answer) == answer, f"two answers at step {step + 1} after the same inputs"
    for row, step in asked if fixed is None else ():
        blanked = np.where(np.arange(task.longest)[:, None] <= step, batch.inputs[row], 0).astype(np.float64)
        found = task.oracle(blanked)[step]
        np.testing.assert_allclose(batch.targets[row, step], found, rtol=0, atol=FLOAT32, err_msg="oracle looks ahead")


def splits_are_disjoint(task: Task) -> None:
    """No row is both for training and for tests.

    Numbers: no number is in both, though the same key draws neighbours from the two halves of the grid. Symbols: rows
    are so few that nearly all are met, and none in both. A fixed list is all there is, and says so by ``examples``.
    """
    train, test = rows(task, "train"), rows(task, "test")
    if (fixed := task.examples()) is not None:
        assert {*_each(train.inputs), *_each(test.inputs)} == set(_each(np.asarray(fixed.inputs)))
    elif task.memory_unit == "bits":
        assert not set(_each(train.inputs)) & set(_each(test.inputs)), "a row is in both splits"
    else:
        numbers = [batch.inputs[batch.present][:, 0] for batch in (train, test)]
        shared = np.isin(numbers[0][numbers[0] != 0], numbers[1]).mean()
        assert shared == 0, f"{shared:.2%} of the numbers are in both splits"


def chance_is_the_best_guess(task: Task) -> None:
    """The chance level is what a guesser reaches who sees the current input alone.

    It is fitted on training rows (the most frequent answer to each input; for numbers their powers up to the third,
    for each marker) and judged on test rows; the claim may be off by five standard errors of that measurement.
    """
    train, test, claim = rows(task, "train"), rows(task, "test", seed=1), task.chance()
    if (fixed := task.examples()) is not None:
        train = test = Rows.of(fixed)
    if claim["accuracy"] is not None:
        assert claim["error_rms"] is None
        right = _guess_symbols(train, test)
        if fixed is not None:
            assert claim["accuracy"] == right[test.scored].mean()
            return
        found, expected = right, claim["accuracy"]
    else:
        found, expected = _guess_numbers(train, test), claim["error_rms"] ** 2
    by_row = np.where(test.scored, found, 0).sum(1) / test.scored.sum(1)
    error = 5 * by_row.std() / math.sqrt(len(by_row)) + 1e-12
    assert abs(by_row.mean() - expected) < error, f"guesser {by_row.mean():.5f} +- {error:.5f}, claim {expected:.5f}"


def memory_is_what_has_to_be_told_apart(task: Task) -> None:
    """After each step: bits, log2 of how many pasts have to be told apart; reals, how many directions of the past's
    numbers still move an answer to come. Found by trial, over all rows or 200 of them; bits under numbers, of which
    never all are met, over the oracle's answers to 2000 pasts with the same five futures."""
    claim = task.memory()
    assert len(claim) == task.longest, "one number per step"
    fixed = task.examples()
    if task.memory_unit == "bits" and len(np.unique(rows(task, "train").inputs)) > FEW:
        found = _bits_by_answers(task)
    elif task.memory_unit == "bits":
        parts = [rows(task, "train"), rows(task, "test")] if fixed is None else [Rows.of(fixed)]
        found = _bits_by_trial([r for part in parts for r in zip(part.inputs, part.targets, part.scored, strict=True)])
    else:
        found = _reals_by_trial(task)
    np.testing.assert_allclose(claim, found, rtol=0, atol=1e-12)


def rows_are_paths(task: Task) -> None:
    """Every row, of either split, is a path of the scenario; where an answer is asked for, the paths that a row takes
    ask for all of it, and none of them for another one. A proof about the scenario is then one about every row."""
    scenario, fixed = task.scenario(), task.examples()
    assert scenario.steps == task.longest, "the scenario's longest row is another one"
    for split in ("train", "test"):
        batch = Rows.of(fixed) if fixed is not None else Rows(*(part[:200] for part in rows(task, split)))
        reads = _readings(scenario, batch.inputs.astype(np.float64))
        for row, present in enumerate(batch.present):
            paths: set[tuple[str, frozenset[tuple[str, float]]]] = {(scenario.start, frozenset())}
            for step in np.flatnonzero(present):
                paths = {
                    (e.target, bound | {(e.remember[1], float(batch.inputs[row, step, e.remember[0]]))})
                    if e.remember
                    else (e.target, bound)
                    for node, bound in paths
                    for e in scenario.leaving(node)
                    if reads[e.boxes][row, step]
                }
                assert paths, f"row {row} of {split} leaves every path at step {step + 1}"
                if batch.scored[row, step]:
                    found = [(node, *_judged(scenario, node, dict(bound), batch.targets[row, step]))
                             for node, bound in paths if node in scenario.answers]  # fmt: skip
                    wrong = [node for node, asked, right in found if (asked & ~right).any()]
                    assert not wrong, f"row {row} of {split} has another answer at step {step + 1} than {wrong}"
                    assert np.any([asked for _, asked, _ in found], 0).all(), f"no answer at step {step + 1}: {paths}"


def _readings(scenario: Scenario, inputs: np.ndarray) -> dict[tuple[Box, ...], np.ndarray]:
    """For the boxes of every edge [row, time]: whether the input there lies in one of them."""
    return {
        boxes: np.any([((inputs >= box.low) & (inputs <= box.high)).all(-1) for box in boxes], 0)
        for boxes in {edge.boxes for edge in scenario.edges}
    }


def _judged(scenario: Scenario, node: str, known: dict[str, float], target: np.ndarray) -> tuple[Any, Any]:
    """For every output: whether this node asks for it, and whether the answer is the target."""
    answer = scenario.answers[node]
    if isinstance(answer, Class):
        return np.ones(len(target), bool), np.full(len(target), answer.output == target.argmax())
    assert len(answer) == len(target)
    values = [v and v.constant + sum(by * known[name] for name, by in v.names.items()) for v in answer]
    asked = np.array([value is not None for value in values])
    return asked, asked & (np.abs(np.array(values, np.float64) - target) < 1e-6)


def bad_axes_are_refused_together(kind: type[Task]) -> None:
    """Every axis out of its range at once: one ``BadValue`` that names them all."""
    bad: dict[str, Any] = {}
    for f in fields(kind):
        if f.metadata.get("least") is not None:
            bad[f.name] = f.metadata["least"] - 1
        elif f.metadata.get("choices"):
            bad[f.name] = "nonsense"
    refusal = _refusal(kind, bad)
    assert refusal, f"{bad} was accepted"
    missing = [name for name in bad if f"--{name} is " not in refusal.message]
    assert not missing, f"not named: {missing} in {refusal.message}"
    assert refusal.fix


def _refusal(kind: type[Task], axes: dict[str, Any]) -> BadValue | None:
    try:
        kind(**axes)
    except BadValue as error:
        return error
    return None


def _each(inputs: np.ndarray) -> list[bytes]:
    return [row.tobytes() for row in inputs]


def _guess_symbols(train: Rows, test: Rows) -> np.ndarray:
    seen: dict[bytes, Counter[int]] = defaultdict(Counter)
    for x, y in zip(train.inputs[train.scored], train.targets[train.scored].argmax(-1), strict=True):
        seen[x.tobytes()][int(y)] += 1
    guess = {x: counter.most_common(1)[0][0] for x, counter in seen.items()}
    answers = np.array([guess[x.tobytes()] for x in test.inputs[test.scored]])
    right = np.zeros(test.scored.shape)
    right[test.scored] = answers == test.targets[test.scored].argmax(-1)
    return right


def _guess_numbers(train: Rows, test: Rows) -> np.ndarray:
    numbers = np.array([len(np.unique(feature)) > FEW for feature in train.inputs[train.scored].T])

    def seen(batch: Rows) -> Any:
        x = batch.inputs[batch.scored].astype(np.float64)
        powers = np.concatenate([np.ones((len(x), 1)), *(x[:, numbers] ** power for power in (1, 2, 3))], 1)
        return powers, np.where(numbers, 0, x), batch.targets[batch.scored].astype(np.float64)

    (powers, markers, y), (new_powers, new_markers, new_y) = seen(train), seen(test)
    squares = np.full(len(new_y), np.nan)
    for marker in np.unique(markers, axis=0):
        old, new = (markers == marker).all(1), (new_markers == marker).all(1)
        fit = np.linalg.lstsq(powers[old], y[old], rcond=None)[0]
        squares[new] = ((new_powers[new] @ fit - new_y[new]) ** 2).mean(1)
    assert np.isfinite(squares).all(), "an input that training never showed"
    found = np.zeros(test.scored.shape)
    found[test.scored] = squares
    return found


def _bits_by_trial(found: list[Any]) -> list[float]:
    """log2 of the fewest groups of pasts such that no group has two pasts to be told apart.

    Where the same inputs can follow every past, that is the number of different answers to what may follow.
    """
    distinct = {inputs.tobytes(): (inputs, targets, scored) for inputs, targets, scored in found}.values()
    bits = []
    for end in range(1, len(found[0][0]) + 1):
        pasts: dict[bytes, list[Any]] = defaultdict(list)
        for inputs, targets, scored in distinct:
            pasts[inputs[:end].tobytes()].append((inputs[end:], targets[end:], scored[end:]))
        # Pasts before the same futures, with the same answers, can always be held as one.
        same = {frozenset((x.tobytes(), y.tobytes(), a.tobytes()) for x, y, a in past): past for past in pasts.values()}
        futures = list(same.values())
        if len({frozenset(x.tobytes() for x, _, _ in future) for future in futures}) == 1:
            answers = {frozenset((x.tobytes(), y[asked].tobytes()) for x, y, asked in future) for future in futures}
            bits.append(math.log2(len(answers)))
            continue
        apart = {(a, b) for a, b in itertools.combinations(range(len(futures)), 2) if _differ(futures[a], futures[b])}
        bits.append(math.log2(_fewest_groups(len(futures), apart)))
    return bits


def _differ(some: list[Any], others: list[Any]) -> bool:
    """Whether the same inputs can follow both pasts up to a step at which the answers differ."""
    for (x, y, asked), (u, v, asked_too) in itertools.product(some, others):
        for step in np.flatnonzero(asked & asked_too):
            if (x[: step + 1] == u[: step + 1]).all() and (y[step] != v[step]).any():
                return True
    return False


def _fewest_groups(count: int, apart: set[tuple[int, int]]) -> int:
    """The chromatic number, by trying: 1, 2, ... groups, pasts one by one."""

    def fits(groups: int, chosen: tuple[int, ...]) -> bool:
        if len(chosen) == count:
            return True
        free = range(min(groups, max(chosen, default=-1) + 2))
        clash = {chosen[a] for a in range(len(chosen)) if (a, len(chosen)) in apart}
        return any(fits(groups, (*chosen, group)) for group in free if group not in clash)

    return next(groups for groups in range(1, count + 1) if fits(groups, ()))


def _bits_by_answers(task: Task) -> list[float]:
    """log2 of how many different lists of answers the pasts have, where any future can follow any past."""
    batch, bits = rows(task, "train"), []
    inputs, last = batch.inputs[:2000].astype(np.float64), batch.inputs[-5:].astype(np.float64)
    assert batch.scored[:, -1].all(), "where rows end at different steps, not every future fits every past"
    for end in range(1, task.longest + 1):
        answers = {
            b"".join(task.oracle(np.concatenate([past[:end], future[end:]]))[end:].tobytes() for future in last)
            for past in inputs
        }
        bits.append(math.log2(len(answers)))
    return bits


def _reals_by_trial(task: Task) -> list[float]:
    """The largest rank, over rows, of the matrix d answers after step t / d numbers up to step t."""
    batch, ranks = rows(task, "train"), np.zeros(task.longest)
    for inputs in batch.inputs[:200].astype(np.float64):
        answer = task.oracle(inputs)
        moved = [task.oracle(inputs + 0.5 * (np.arange(inputs.size) == at * inputs.shape[1]).reshape(inputs.shape))
                 for at in range(len(inputs))]  # fmt: skip
        slopes = np.round((np.stack(moved) - answer)[..., 0] / 0.5, 6)  # [time of the number, time of the answer]
        for end in range(1, task.longest):
            ranks[end - 1] = max(ranks[end - 1], np.linalg.matrix_rank(slopes[:end, end:]))
    return [float(rank) for rank in ranks]
