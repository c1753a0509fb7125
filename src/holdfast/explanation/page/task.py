"""A task and some of its rows as plain data: what is read, what is right, and how to find that for other rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast.core.errors import BadValue
from holdfast.core.scenario import Box, Class, Scenario, Value
from holdfast.core.task import Batch, Task

MOST_BOXES = 4000
"""Boxes of a scenario; of a larger one the page knows the right answers of the given rows alone."""


def as_data(task: Task, sentence: str) -> dict[str, Any]:
    """``inputs`` and ``outputs`` in words; ``scenario``, the automaton of all rows, or None with the reason."""
    try:
        scenario, why_not = task.scenario(), ""
    except BadValue as reason:
        scenario, why_not = None, reason.message
    if scenario is not None and sum(len(e.boxes) for e in scenario.edges) > MOST_BOXES:
        scenario, why_not = None, "The rule of this task is too large for the page."
    return {
        "name": task.name,
        "sentence": sentence,
        "metric": task.criterion.metric,
        "bound": task.criterion.bound,
        "lag_steps": task.lag_steps,
        "scenario": None if scenario is None else _scenario(scenario),
        "why_not": why_not,
    }


def rows_as_data(task: Task, batch: Batch) -> dict[str, Any]:
    """The rows [row, time, ...]: symbols by number (255: none) where every vector is one-hot, else numbers."""
    inputs, targets = np.asarray(batch.inputs), np.asarray(batch.targets)
    scored, present = np.asarray(batch.scored, bool), np.asarray(batch.present, bool)
    return {
        "steps": inputs.shape[1],
        "inputs": _symbols(inputs, present) | _names(inputs, present, task.label_input),
        "targets": _symbols(targets, scored) | _names(targets, scored, task.label_output),
        "scored": scored,
        "present": present,
    }


def is_one_hot(values: np.ndarray, there: np.ndarray) -> bool:
    """Whether every vector that is there is one-hot, among at least two features."""
    vectors = values[there]
    ones = bool(np.isin(vectors, (0, 1)).all() and (vectors.sum(-1) == 1).all())
    return values.shape[-1] > 1 and len(vectors) > 0 and ones


def _symbols(values: np.ndarray, there: np.ndarray) -> dict[str, Any]:
    size = values.shape[-1]
    if not is_one_hot(values, there) or size > 255:
        return {"kind": "numbers", "size": size, "values": np.asarray(values, np.float32)}
    return {"kind": "symbols", "size": size, "values": np.where(there, values.argmax(-1), 255).astype(np.uint8)}


def _names(values: np.ndarray, there: np.ndarray, label: Any) -> dict[str, Any]:
    size = values.shape[-1]
    if is_one_hot(values, there):
        return {"labels": [label(vector) for vector in np.eye(size)]}
    return {"labels": [f"{n + 1}" for n in range(size)] if size > 1 else [""]}


def _scenario(scenario: Scenario) -> dict[str, Any]:
    nodes = list(dict.fromkeys([scenario.start, *(e.target for e in scenario.edges)]))
    number = {node: n for n, node in enumerate(nodes)}
    return {
        "start": number[scenario.start],
        "edges": [
            {
                "from": number[e.source],
                "to": number[e.target],
                "boxes": [_box(box) for box in e.boxes],
                "remember": None if e.remember is None else list(e.remember),
            }
            for e in scenario.edges
        ],
        "answers": {
            str(number[node]): {"class": answer.output}
            if isinstance(answer, Class)
            else {"values": [_value(value) for value in answer]}
            for node, answer in scenario.answers.items()
        },
        "features": _features([box for e in scenario.edges for box in e.boxes]),
    }


def _box(box: Box) -> list[list[float]]:
    return [list(box.low), list(box.high)]


def _value(value: Value | None) -> dict[str, Any] | None:
    return None if value is None else {"constant": value.constant, "names": dict(value.names)}


def _features(boxes: list[Box]) -> list[dict[str, Any]]:
    """Of every input channel its range, and its values where it only ever has few."""
    features = []
    for low, high in zip(zip(*(b.low for b in boxes)), zip(*(b.high for b in boxes)), strict=True):  # noqa: B905
        points = sorted(set(low)) if low == high else []
        features.append({"low": min(low), "high": max(high), "points": points if len(points) <= 8 else []})
    return features
