"""The laws of a task's declared properties: its loss, success criterion, chance level and memory demand."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from typing import Any

import numpy as np

from holdfast.core.losses import LOSSES
from holdfast.core.task import Criterion, Task
from holdfast.plugins.laws import NotApplicable, expect
from holdfast.plugins.rows import Rows, TaskSample

FEW = 8
"""An input with more distinct values than this counts as a number; otherwise it is a symbol or marker."""
REPEATS = 12
"""All possible rows are taken to be in the sample if each occurs this often on average."""
LONGEST = 40
"""The largest number of steps for which the memory demand is measured."""
MOST_PASTS = 64
"""The largest number of pasts that are grouped by exhaustive search."""

Pair = tuple[np.ndarray, np.ndarray, np.ndarray]


def words_are_known(of: Task) -> str:
    """Sizes are whole numbers, the loss and the unit of memory are known names, criterion and chance are consistent."""
    for name in ("inputs", "outputs", "longest", "shortest"):
        value = getattr(of, name)
        expect(isinstance(value, int) and value >= 1, f"'{name}' is {value!r}, expected a whole number from 1 on")
    for name in ("lag_steps", "asked_from"):
        value = getattr(of, name)
        expect(isinstance(value, int) and value >= 0, f"'{name}' is {value!r}, expected a whole number from 0 on")
    expect(of.loss in LOSSES, f"the loss is {of.loss!r}, expected one of {', '.join(LOSSES)}")
    expect(of.memory_unit in ("bits", "reals"), f"'memory_unit' is {of.memory_unit!r}, expected 'bits' or 'reals'")
    expect(isinstance(of.criterion, Criterion), f"'criterion' is {of.criterion!r}, expected a Criterion")
    metric = of.criterion.metric
    expect(metric in ("error_sup", "accuracy"), f"the criterion's metric is {metric!r}, not error_sup or accuracy")
    chance = of.chance()
    expect(set(chance) == {"error_rms", "accuracy"}, f"'chance' has {sorted(chance)}, expected error_rms and accuracy")
    named = "error_rms" if of.criterion.of_numbers else "accuracy"
    other = "accuracy" if of.criterion.of_numbers else "error_rms"
    words = f"'chance' is {chance}, expected a number for {named} and None for {other}"
    expect(chance[named] is not None and chance[other] is None, words)
    memory = of.memory()
    expect(len(memory) == of.longest, f"'memory' has {len(memory)} numbers, expected one per step, {of.longest}")
    expect(all(0 <= held < math.inf for held in memory), "'memory' has a number that is no amount")
    return f"{of.loss} loss, {of.criterion}"


def chance_is_the_best_guess(of: TaskSample) -> str:
    """The chance level is the score of the best predictor that reads only the current input.

    This predictor is fitted on rows of both splits (the most frequent answer to each input; for numbers a cubic
    polynomial for each marker) and evaluated on other rows of both. The declared level, a mean over scored steps, may
    differ by five standard errors of this measurement.
    """
    claim, fixed = of.task.chance(), of.task.examples()
    if fixed is None:
        known, new = (_both_splits(of, stream) for stream in (0, 1))
    else:
        known = new = Rows.of(fixed)
    if claim["accuracy"] is not None:
        right = _guess_symbols(known, new)
        if fixed is not None:
            best = right[new.scored].mean()
            expect(claim["accuracy"] == best, f"guesser {best:.5f}, claim {claim['accuracy']:.5f}")
            return f"guesser {best:.5f}"
        found, expected = right, claim["accuracy"]
    else:
        assert claim["error_rms"] is not None
        found, expected = _guess_numbers(known, new), claim["error_rms"] ** 2
    by_row, asked = np.where(new.scored, found, 0).sum(1), new.scored.sum(1)
    mean = by_row.sum() / asked.sum()
    error = 5 * (by_row - mean * asked).std() / asked.mean() / math.sqrt(len(by_row)) + 1e-12
    words = f"guesser {mean:.5f} +- {error:.5f}, claim {expected:.5f}"
    expect(abs(mean - expected) < error, words)
    return words


def _both_splits(of: TaskSample, stream: int) -> Rows:
    """Rows of training and of tests together: where there are few rows, the answers of one half are not balanced."""
    return Rows(
        *(np.concatenate(parts) for parts in zip(of.rows("train", stream), of.rows("test", stream), strict=True))
    )


def _guess_symbols(train: Rows, test: Rows) -> np.ndarray:
    seen: dict[bytes, Counter[int]] = defaultdict(Counter)
    for x, y in zip(train.inputs[train.scored], train.targets[train.scored].argmax(-1), strict=True):
        seen[x.tobytes()][int(y)] += 1
    guess = {x: counter.most_common(1)[0][0] for x, counter in seen.items()}
    answers = np.array([guess.get(x.tobytes(), -1) for x in test.inputs[test.scored]])
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
    expect(bool(np.isfinite(squares).all()), "a test row has an input that training never showed")
    found = np.zeros(test.scored.shape)
    found[test.scored] = squares
    return found


def memory_is_what_has_to_be_told_apart(of: TaskSample) -> None:
    """The declared memory demand after each step is right. In bits, it is log2 of the number of pasts that must be
    distinguished. In reals, it is the number of directions of the past numbers that affect a later answer. It is
    measured over all rows or 200 of them. For bits in a task with number inputs, whose rows cannot all be drawn, it is
    measured from the oracle's answers to 2000 pasts with the same five futures."""
    if of.task.longest > LONGEST:
        raise NotApplicable(f"found by trial for rows of up to {LONGEST} steps, and these have {of.task.longest}")
    claim, fixed = of.task.memory(), of.task.examples()
    if of.task.memory_unit == "reals":
        found = _reals_by_trial(of)
    elif len(np.unique(of.rows("train").inputs)) > FEW:
        found = _bits_by_answers(of)
    else:
        parts = [of.rows("train"), of.rows("test")] if fixed is None else [Rows.of(fixed)]
        found = _bits_by_trial([r for part in parts for r in zip(part.inputs, part.targets, part.scored, strict=True)],
                               whole=fixed is not None)  # fmt: skip
    for step, (said, needed) in enumerate(zip(claim, found, strict=True), 1):
        words = f"after step {step} {needed:g} {of.task.memory_unit} have to be held, 'memory' says {said:g}"
        expect(abs(said - needed) <= 1e-12, words)


def _bits_by_trial(found: list[Pair], whole: bool) -> list[float]:
    """log2 of the smallest number of groups of pasts such that no group has two pasts that must be distinguished.

    If the same inputs can follow every past, this is the number of different lists of answers to these inputs.
    """
    distinct = {inputs.tobytes(): (inputs, targets, scored) for inputs, targets, scored in found}.values()
    if not whole and len(distinct) * REPEATS > len(found):
        raise NotApplicable(f"more different rows than {len(found)} draws meet for certain; try smaller axes")
    bits = []
    for end in range(1, len(found[0][0]) + 1):
        pasts: dict[bytes, list[Pair]] = defaultdict(list)
        for inputs, targets, scored in distinct:
            pasts[inputs[:end].tobytes()].append((inputs[end:], targets[end:], scored[end:]))
        # Pasts with the same possible futures and the same answers need not be distinguished.
        same = {frozenset((x.tobytes(), y.tobytes(), a.tobytes()) for x, y, a in past): past for past in pasts.values()}
        futures = list(same.values())
        if len({frozenset(x.tobytes() for x, _, _ in future) for future in futures}) == 1:
            answers = {frozenset((x.tobytes(), y[asked].tobytes()) for x, y, asked in future) for future in futures}
            bits.append(math.log2(len(answers)))
            continue
        if len(futures) > MOST_PASTS:
            raise NotApplicable(f"{len(futures)} pasts after step {end}, more than can be put into groups by trial")
        apart = {(a, b) for a, b in itertools.combinations(range(len(futures)), 2) if _differ(futures[a], futures[b])}
        bits.append(math.log2(_fewest_groups(len(futures), apart)))
    return bits


def _differ(some: list[Pair], others: list[Pair]) -> bool:
    """Whether the same inputs can follow both pasts up to a step where the answers differ."""
    for (x, y, asked), (u, v, asked_too) in itertools.product(some, others):
        for step in np.flatnonzero(asked & asked_too):
            if (x[: step + 1] == u[: step + 1]).all() and (y[step] != v[step]).any():
                return True
    return False


def _fewest_groups(count: int, apart: set[tuple[int, int]]) -> int:
    """The chromatic number, by exhaustive search with 1, 2, ... groups."""

    def fits(groups: int, chosen: tuple[int, ...]) -> bool:
        if len(chosen) == count:
            return True
        free = range(min(groups, max(chosen, default=-1) + 2))
        clash = {chosen[a] for a in range(len(chosen)) if (a, len(chosen)) in apart}
        return any(fits(groups, (*chosen, group)) for group in free if group not in clash)

    return next(groups for groups in range(1, count + 1) if fits(groups, ()))


def _bits_by_answers(of: TaskSample) -> list[float]:
    """log2 of the number of different lists of answers of the pasts, for tasks where any future can follow any past."""
    batch, bits = of.rows("train"), []
    inputs, last = batch.inputs[:2000].astype(np.float64), batch.inputs[-5:].astype(np.float64)
    if not batch.scored[:, -1].all():
        raise NotApplicable("where rows end at different steps, not every future fits every past")
    for end in range(1, of.task.longest + 1):
        answers = {
            b"".join(of.task.oracle(np.concatenate([past[:end], future[end:]]))[end:].tobytes() for future in last)
            for past in inputs
        }
        bits.append(math.log2(len(answers)))
    return bits


def _reals_by_trial(of: TaskSample) -> list[float]:
    """For each step t, the largest rank over rows of the matrix d(answers after step t) / d(numbers up to step t)."""
    batch, ranks = of.rows("train"), np.zeros(of.task.longest)
    for inputs in batch.inputs[:200].astype(np.float64):
        answer = of.task.oracle(inputs)
        moved = [of.task.oracle(inputs + 0.5 * (np.arange(inputs.size) == at * inputs.shape[1]).reshape(inputs.shape))
                 for at in range(len(inputs))]  # fmt: skip
        slopes = np.round((np.stack(moved) - answer)[..., 0] / 0.5, 6)  # [time of the number, time of the answer]
        for end in range(1, of.task.longest):
            ranks[end - 1] = max(ranks[end - 1], np.linalg.matrix_rank(slopes[:end, end:]))
    return [float(rank) for rank in ranks]
