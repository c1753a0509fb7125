"""The laws of a task's scenario, on which every proof about the task relies: it is complete, and every row is one of
its paths, with the same answers."""

from __future__ import annotations

import math

import numpy as np

from holdfast.core.scenario import Box, Class, Edge, Lengths, Scenario
from holdfast.core.task import Task
from holdfast.plugins.laws import NotApplicable, expect
from holdfast.plugins.rows import Rows, TaskSample

PATH_ROWS = 200
ANSWERS = 1e-6
"""The accepted difference between a target in float32 and the scenario's answer."""


def scenario_of(task: Task) -> Scenario:
    """The scenario of a task. Raises ``NotApplicable`` if the task has none: then nothing can be proved about it."""
    if type(task).scenario is Task.scenario:
        raise NotApplicable("the task has no scenario, so nothing can be proved about it")
    scenario = task.scenario()
    expect(isinstance(scenario, Scenario), f"'scenario' gives a {type(scenario).__name__}, expected a Scenario")
    return scenario


def the_scenario_is_whole(of: TaskSample) -> str:
    """Boxes have the task's input size, answers its output size. Every number in an answer is bound on every path to
    it."""
    task, scenario = of.task, scenario_of(of.task)
    expect(scenario.steps == task.longest, f"its longest row has {scenario.steps} steps, the task's {task.longest}")
    expect(bool(scenario.edges), "it has no edges")
    expect(bool(scenario.answers), "it asks for no answer")
    for edge in scenario.edges:
        _edge(edge, scenario, task.inputs)
    for name, (low, high) in scenario.ranges.items():
        expect(-math.inf < low <= high < math.inf, f"the range of '{name}' is {low:g} to {high:g}")
    for node, answer in scenario.answers.items():
        if isinstance(answer, Class):
            expect(0 <= answer.output < task.outputs, f"the answer at '{node}' is output {answer.output}")
            continue
        expect(len(answer) == task.outputs, f"the answer at '{node}' has {len(answer)} outputs, not {task.outputs}")
        for name in {name for value in answer if value is not None for name in value.names}:
            expect(name in scenario.ranges, f"the answer at '{node}' names '{name}', which is never remembered")
            reached = _reached(scenario, without=name)
            expect(node not in reached, f"a path to '{node}' does not bind '{name}', which the answer names")
    return f"{len(scenario.edges)} edges, {len(scenario.answers)} nodes with an answer"


def _edge(edge: Edge, scenario: Scenario, inputs: int) -> None:
    words = f"the edge from '{edge.source}' to '{edge.target}'"
    first, last = edge.steps or (1, 1)
    expect(1 <= first <= last, f"{words} is taken from step {first} to {last}")
    expect(bool(edge.boxes), f"{words} has no boxes")
    for box in edge.boxes:
        expect(len(box.low) == inputs, f"{words} reads {len(box.low)} inputs, the task has {inputs}")
    if edge.remember is not None:
        channel, name = edge.remember
        expect(0 <= channel < inputs, f"{words} remembers input {channel}, the task has {inputs}")
        low, high = scenario.ranges[name]
        for box in edge.boxes:
            inside = low <= box.low[channel] and box.high[channel] <= high
            expect(inside, f"{words} binds '{name}' to numbers outside its range, {low:g} to {high:g}")


def _reached(scenario: Scenario, without: str) -> set[str]:
    """The nodes that are reachable by a path that never binds this name."""
    edges = [edge for edge in scenario.edges if not (edge.remember and edge.remember[1] == without)]
    reached = {scenario.start}
    while more := {edge.target for edge in edges if edge.source in reached} - reached:
        reached |= more
    return reached


def rows_are_paths(of: TaskSample) -> str:
    """Every row of both splits is a path of the scenario. At every scored step, the nodes of the row's paths ask for
    the complete answer and for no other. A proof about the scenario is then a proof about every row."""
    task, fixed = of.task, of.task.examples()
    scenario = scenario_of(task)
    expect(scenario.steps == task.longest, "the scenario's longest row is another one")
    count = 0
    for split in of.splits:
        batch = Rows.of(fixed) if fixed is not None else of.rows(split).first(PATH_ROWS)
        reads = _readings(scenario, batch.inputs.astype(np.float64))
        for row in range(len(batch.inputs)):
            _follow(scenario, task.lengths("exactly"), batch, row, split, reads)
        count = len(batch.inputs)
    return f"{count} rows of {' and '.join(of.splits)}"


def _follow(
    scenario: Scenario, lengths: Lengths, batch: Rows, row: int, split: str, reads: dict[tuple[Box, ...], np.ndarray]
) -> None:
    paths: set[tuple[str, frozenset[tuple[str, float]]]] = {(scenario.start, frozenset())}
    for step in np.flatnonzero(batch.present[row]):
        paths = {
            (edge.target, _bound(edge, bound, batch.inputs[row, step]))
            for node, bound in paths
            for edge in scenario.leaving(node)
            if reads[edge.boxes][row, step] and lengths.takes(edge, int(step) + 1)
        }
        expect(bool(paths), f"row {row} of {split} leaves every path at step {step + 1}")
        if batch.scored[row, step]:
            expect(lengths.judged(int(step) + 1), f"row {row} of {split}: no proof judges step {step + 1}")
            found = [(node, *_judged(scenario, node, dict(bound), batch.targets[row, step]))
                     for node, bound in paths if node in scenario.answers]  # fmt: skip
            wrong = [node for node, asked, right in found if (asked & ~right).any()]
            expect(not wrong, f"row {row} of {split} has another answer at step {step + 1} than {wrong}")
            asked = np.any([asked for _, asked, _ in found], 0).all() if found else False
            nodes = sorted({node for node, _ in paths})
            expect(bool(asked), f"no answer at step {step + 1} of row {row} of {split}, at {nodes}")


def _bound(edge: Edge, bound: frozenset[tuple[str, float]], x: np.ndarray) -> frozenset[tuple[str, float]]:
    if edge.remember is None:
        return bound
    channel, name = edge.remember
    return frozenset({*((n, v) for n, v in bound if n != name), (name, float(x[channel]))})


def _readings(scenario: Scenario, inputs: np.ndarray) -> dict[tuple[Box, ...], np.ndarray]:
    """For the boxes of every edge: whether the input is in one of them, [row, time]."""
    return {
        boxes: np.any([((inputs >= box.low) & (inputs <= box.high)).all(-1) for box in boxes], 0)
        for boxes in {edge.boxes for edge in scenario.edges}
    }


def _judged(
    scenario: Scenario, node: str, known: dict[str, float], target: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """For every output: whether this node asks for it, and whether its answer equals the target."""
    answer = scenario.answers[node]
    if isinstance(answer, Class):
        return np.ones(len(target), bool), np.full(len(target), answer.output == target.argmax())
    values = [v and v.constant + sum(by * known[name] for name, by in v.names.items()) for v in answer]
    asked = np.array([value is not None for value in values])
    return asked, asked & (np.abs(np.array(values, np.float64) - target) < ANSWERS)
