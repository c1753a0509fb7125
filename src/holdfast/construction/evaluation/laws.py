"""The laws of a construction: its program gives the task's answers, and its networks satisfy their claims.

Both are tested against the task's oracle, on sampled rows of several lengths up to the task's own, because a claim is
about all of them. Each law raises ``LawViolation``.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import replace
from functools import cache, lru_cache
from typing import get_type_hints

import jax
import jax.numpy as jnp
import numpy as np

from holdfast import tasks
from holdfast.construction import constructions
from holdfast.construction.compile import compile_program
from holdfast.construction.interpreter import interpret
from holdfast.construction.program import RegisterProgram
from holdfast.core.errors import BadFile, BadValue
from holdfast.core.task import Task
from holdfast.core.text import argument
from holdfast.engine.unroll import unroll
from holdfast.plugins.laws import LawResult, NotApplicable, expect, judged
from holdfast.plugins.rows import Rows, TaskSample, shortened
from holdfast.plugins.tasks import variants
from holdfast.plugins.verified import QUICK_STEPS

CELLS = ("lstm", "gru", "elman", "irnn", "lstm1997")
"""The cells to which programs are compiled."""
UNITS = 64
ROWS, QUICK_ROWS = 24, 8
"""The number of rows of each length, in a full and in a quick check."""
LENGTHS, QUICK_LENGTHS = 4, 3
EXACT = 1e-6
"""The accepted relative error of a program that is interpreted in float64. The inputs are float32 numbers."""


def check(name: str, file: str, seed: int = 0) -> list[LawResult]:
    """Apply every law to the construction ``name``, with the default axes of its task and every choice of an axis."""
    found: list[LawResult] = []
    try:
        kind = task_kind(name)
    except BadFile as problem:
        return [LawResult("task", "fails", problem.message)]
    for axes in variants(kind):
        said = f"{', '.join(f'{axis} {value}' for axis, value in axes.items())}: " if axes else ""
        task = shortened(kind(**axes), QUICK_STEPS)
        for cell in CELLS:
            for check, law in (("program", the_program_is_right), ("network", networks_keep_their_claim)):
                told = judged(
                    f"{check} on {cell}", lambda law=law, cell=cell, task=task: law(name, task, cell, seed), file
                )
                known = next((n for n, other in enumerate(found) if other.check == told.check), None)
                told = replace(told, found=said + told.found)
                if known is None:
                    found.append(told)
                elif told.fails and not found[known].fails:
                    found[known] = told
    return found


def task_kind(name: str) -> type[Task]:
    """The task of a construction: the task of the same name, or the annotated type of ``program``'s parameter ``task``.

    Raises ``BadFile`` if there is neither.
    """
    if name in tasks.FOLDER.files():
        return tasks.get(name)
    with contextlib.suppress(Exception):  # the annotations of a plug-in may raise any error
        said = get_type_hints(program_of(name)).get("task")
        if isinstance(said, type) and issubclass(said, Task) and not said.__abstractmethods__:
            return said
    raise BadFile(f"there is no task named '{name}', and a construction has the name of its task.")


def program_of(name: str):
    """The function ``program`` of a construction. Raises ``BadFile`` if its file has none."""
    module = constructions.get(name)
    if not callable(getattr(module, "program", None)):
        raise BadFile(
            f"the construction {module.__file__} lacks a function program(task, cell).",
            "construction/constructions/recall.py is a complete example.",
        )
    return module.program


def made(name: str, task: Task, cell: str) -> RegisterProgram:
    """The program of this construction. Raises ``LawViolation`` if the result is not a program, and ``BadValue`` if the
    construction refuses the task or cell."""
    program = program_of(name)(task, cell)
    expect(
        isinstance(program, RegisterProgram), f"'program' gives a {type(program).__name__}, expected a RegisterProgram"
    )
    outputs, inputs = len(program.outputs), len(program.channels)
    expect(outputs == task.outputs, f"the program has {outputs} outputs, the task {task.outputs}")
    expect(inputs == task.inputs, f"the program has {inputs} channels, the task {task.inputs} inputs")
    numbers = task.criterion.of_numbers
    expect(numbers == (program.gap is None), "an answer is a number by 'output', a symbol by 'choose'")
    return program


def the_program_is_right(
    name: str, task: Task, cell: str, seed: int = 0, rows: int = ROWS, lengths: int = LENGTHS
) -> str:
    """The program, interpreted on rows of several lengths, agrees with the oracle; the right symbol leads by at least
    the declared gap."""
    program = _accepted(name, task, cell)
    met = []
    for short, batch in _batches(task, seed, rows, lengths):
        met.append(short.longest)
        for row, present in enumerate(batch.present):
            inputs = batch.inputs[row].astype(np.float64)
            answers, outputs = short.oracle(inputs), interpret(program, inputs[present])
            for step in np.flatnonzero(batch.scored[row]):
                where = f"rows of {short.longest} steps, step {step + 1}"
                _right(program, outputs[step], answers[step], where, EXACT)
    return f"rows of {', '.join(map(str, met))} steps"


def _right(program: RegisterProgram, output: np.ndarray, answer: np.ndarray, where: str, room: float) -> None:
    if program.gap is None:
        error = float(np.abs(output - answer).max())
        size = max(program.size(value) for value in program.outputs)
        expect(error <= room * (1 + size), f"{where}: the program gives {output[0]:.7g}, the oracle {answer[0]:.7g}")
        return
    lead = _lead(output, answer)
    words = f"the right symbol leads by {lead:.4g}, declared {program.gap:.4g}"
    expect(lead >= program.gap * (1 - room), f"{where}: {words}")


def _lead(output: np.ndarray, answer: np.ndarray) -> float:
    right = int(answer.argmax())
    return float(output[right] - np.delete(output, right).max())


def networks_keep_their_claim(name: str, task: Task, cell: str, seed: int = 0) -> str:
    """The compiled network is within its claim on rows of several lengths; the right symbol has the largest output."""
    program = _accepted(name, task, cell)
    tolerance = getattr(task, "tolerance", math.inf)
    try:
        built = compile_program(program, cell, units=UNITS, steps=task.longest, tolerance=tolerance, task=task.name)
    except BadValue as problem:
        raise NotApplicable(f"refused: {problem.message}") from problem
    worst = 0.0
    run = jax.jit(lambda inputs: unroll(built.network, inputs)[0])
    for short, batch in _batches(task, seed, ROWS, LENGTHS):
        ahead = task.longest - short.longest
        outputs = run(jnp.asarray(np.pad(batch.inputs, ((0, 0), (0, ahead), (0, 0))), built.network.dtype))
        for row, scored in enumerate(batch.scored):
            answers = short.oracle(batch.inputs[row].astype(np.float64))
            for step in np.flatnonzero(scored):
                if batch.present[row].sum() < built.claim.least_steps:
                    continue
                got = np.asarray(outputs[row, step], np.float64)
                where = f"rows of {short.longest} steps, step {step + 1}"
                if built.gap is None:
                    worst = max(worst, float(np.abs(got - answers[step]).max()))
                    expect(worst <= built.claim.error, f"{where}: error {worst:.6g}, claimed {built.claim.error:.6g}")
                else:
                    expect(_lead(got, answers[step]) > 0, f"{where}: another symbol than the right one is largest")
    return f"error at most {worst:.3g}, claimed {built.claim.error:.3g}" if built.gap is None else "right symbols"


def _accepted(name: str, task: Task, cell: str) -> RegisterProgram:
    try:
        return made(name, task, cell)
    except BadValue as problem:
        raise NotApplicable(f"refused: {problem.message}") from problem


@lru_cache(maxsize=8)
def _batches(task: Task, seed: int, rows: int, lengths: int) -> list[tuple[Task, Rows]]:
    """The task at several lengths up to its own, each with rows of the training split, which are drawn once for all
    cells."""
    return [(short, _rows(short, seed, rows)) for short in _lengths(task, lengths)]


def _rows(task: Task, seed: int, rows: int) -> Rows:
    fixed = task.examples()
    return TaskSample(task, rows, seed).rows("train") if fixed is None else Rows.of(fixed)


def _lengths(task: Task, count: int) -> list[Task]:
    if task.examples() is not None:
        return [task]
    own, found = getattr(task, task.length_axis), {}
    for length in np.geomspace(max(1, own - task.longest + 1), max(own, 1), count).round().astype(int):
        with contextlib.suppress(BadValue):
            short = replace(task, **{task.length_axis: int(length)})
            if short.inputs == task.inputs and short.longest <= task.longest:
                found[short.longest] = short
    return [*(found[steps] for steps in sorted(found) if steps < task.longest), task]


def verified_program(name: str, task: Task, cell: str) -> RegisterProgram:
    """The program of a construction. Raises ``BadFile`` with the reason if it is from a plug-in and breaks a law."""
    if constructions.FOLDER.is_plugin(name):
        file, found = _quick(name, task, cell, constructions.get(name))
        if found.fails:
            raise BadFile(
                f"the construction '{name}' in {file} is refused: {found.check} on {cell}: {found.found}.",
                f"'holdfast check-plugin {argument(file)}' runs every check on it.",
            )
    return program_of(name)(task, cell)


@cache
def _quick(name: str, task: Task, cell: str, module: object) -> tuple[str, LawResult]:
    """The result of the quick check. The module is part of the cache key, since another file may have the same name."""
    file = str(constructions.FOLDER.files()[name])
    short = shortened(task, QUICK_STEPS)
    law = lambda: the_program_is_right(name, short, cell, rows=QUICK_ROWS, lengths=QUICK_LENGTHS)  # noqa: E731
    return file, judged("program", law, file)
