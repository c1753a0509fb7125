"""A sequence on which a given network fails, where a theorem says that there is one.

The search follows the proof of the theorem, then tries rows of the task. Every sequence is run once more, alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.construction.cycles import Cycle
from holdfast.construction.linear_theorems import counted
from holdfast.core.errors import refuse
from holdfast.core.task import Task
from holdfast.engine.network import Network
from holdfast.engine.unroll import unroll
from holdfast.tasks._automaton_task import AutomatonTask
from holdfast.tasks.recall import Recall

LENGTHS = (64, 1024, 16_384)
"""Steps up to which a word is repeated."""
ROWS, BATCHES = 256, 16
"""Rows of the task that are tried."""
FOREVER = 4096
"""Steps that stand for every length where numbers are recalled."""


def counterexample(network: Network, task: Task, steps: int | None, tolerance: float) -> dict[str, Any] | None:
    """The inputs, the output, the expected one and, for numbers, the error; None if nothing was found.

    Inputs and outputs are numbers or the names of symbols. ``steps`` None: sequences may have any length. Raises
    ``BadValue`` if the network does not fit the task.
    """
    unfit = [
        f"the network has {found} {what}, but {task.name} with these axes has {needed}"
        for what, found, needed in (
            ("inputs", network.inputs, task.inputs),
            ("outputs", network.outputs, task.outputs),
        )
        if found != needed
    ]
    refuse(unfit, "construct", "Give the task and the axes of the network.")
    if isinstance(task, Recall):
        return _wrong_number(network, task, steps, tolerance)
    for inputs, right in _rows(network, task, steps):
        wrong = (right >= 0) & ~_leads(_run(network, inputs), right)
        for row, step in zip(*np.nonzero(wrong), strict=True):
            alone = _run(network, inputs[row : row + 1, : step + 1])[:, -1]
            if not _leads(alone, right[row, step])[0]:
                names = np.eye(task.outputs)
                return {
                    "inputs": [task.label_input(x) for x in inputs[row, : step + 1]],
                    "output": task.label_output(np.where(np.isnan(alone[0]), -np.inf, alone[0])),
                    "expected": task.label_output(names[right[row, step]]),
                }
    return None


def _rows(network: Network, task: Task, steps: int | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches of inputs [row, time, input], with the number of the right answer [row, time], -1 where none is asked
    for."""
    if isinstance(task, AutomatonTask) and (found := counted(task, network.cell_name)) is not None:
        for most in LENGTHS:
            length = most if steps is None else min(most, steps)
            words = [word[:length] for word in _repeated(found, length)]
            longest = max(map(len, words))
            inputs, right = np.zeros((len(words), longest, task.inputs)), np.full((len(words), longest), -1)
            for row, word in enumerate(words):
                inputs[row, : len(word)] = np.eye(task.inputs)[word]
                right[row, : len(word)] = _answers(task, word)
            yield inputs, right
            if length == steps:
                break
    for batch in range(BATCHES):
        drawn = task.sample(jax.random.key(0), ROWS, "test", first=batch * ROWS)
        targets, scored = np.asarray(drawn.targets), np.asarray(drawn.scored)
        yield np.asarray(drawn.inputs), np.where(scored, targets.argmax(-1), -1)


def _repeated(found: Cycle, length: int) -> list[list[int]]:
    """The longest words of this length: where the answer is asked for after an ending, one for each state of the
    cycle."""
    times = max(1, (length - len(found.prefix) - len(found.ending)) // len(found.word))
    return [found.repeated(max(1, times - less)) for less in range(found.length if found.ending else 1)]


def _answers(task: AutomatonTask, word: list[int]) -> list[int]:
    automaton, state, found = task.automaton, 0, list[int]()
    for symbol in word:
        state = int(automaton.next[state, symbol])
        found.append(int(automaton.answer[state]))
    return found


def _wrong_number(network: Network, task: Recall, steps: int | None, tolerance: float) -> dict[str, Any] | None:
    """Sequences of one end of the range, with the other end at one step. The theorems are proved by these."""
    length = FOREVER if steps is None else steps
    places = [None, *(range(length) if length <= ROWS else [task.position - 1])]
    x = np.concatenate([_with_one(a, b, places, length) for a, b in (task.range, task.range[::-1])])
    worst = int(np.argmax(np.nan_to_num(_errors(network, task, x), nan=np.inf)))
    alone = x[worst : worst + 1]
    error = float(_errors(network, task, alone)[0])
    if error <= tolerance:
        return None
    output = float(_run(network, alone)[0, -1, 0])
    return {
        "inputs": alone[0, :, 0].tolist(),
        "output": output,
        "expected": alone[0, task.position - 1, 0],
        "error": error,
    }


def _with_one(usual: float, other: float, places: list[int | None], length: int) -> np.ndarray:
    rows = np.full((len(places), length, 1), usual)
    for row, place in enumerate(places):
        if place is not None:
            rows[row, place] = other
    return rows


def _errors(network: Network, task: Recall, x: np.ndarray) -> np.ndarray:
    return np.abs(_run(network, x)[:, -1, 0] - x[:, task.position - 1, 0])


def _run(network: Network, inputs: np.ndarray) -> np.ndarray:
    """The outputs [row, time, output], step by step."""
    return np.asarray(unroll(network, jnp.asarray(inputs, network.dtype), engine="loop")[0], np.float64)


def _leads(outputs: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Whether the right output is larger than all others; false where one is no number."""
    here = np.arange(outputs.shape[-1]) == np.asarray(right)[..., None]
    return np.where(here, outputs, -np.inf).max(-1) > np.where(here, -np.inf, outputs).max(-1)
