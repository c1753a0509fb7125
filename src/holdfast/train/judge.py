"""A saved network on a task: its figures on fresh rows, at one length or several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from holdfast.core.errors import BadValue
from holdfast.core.rates import Rate
from holdfast.core.results import Part, Table, Text, finite
from holdfast.core.task import Task
from holdfast.engine.network import Network
from holdfast.train.programs import measured
from holdfast.train.streams import stream


@dataclass(frozen=True)
class Judged:
    """Figures of one network, a line per task; ``right`` counts sequences without any wrong step."""

    file: str
    lines: tuple[tuple[Task, dict[str, float], Rate], ...]

    @property
    def solved(self) -> bool:
        return all(task.criterion.met(figures) for task, figures, _ in self.lines)

    def as_json(self) -> dict[str, Any]:
        """The document of ``holdfast test --json``; what does not apply is null."""
        return {
            "file": self.file,
            "task": self.lines[0][0].name,
            "solved": self.solved,
            "lengths": [
                {
                    "steps": _length(task),
                    "error_sup": finite(figures["error_sup"]) if task.criterion.of_numbers else None,
                    "error_rms": finite(figures["error_rms"]) if task.criterion.of_numbers else None,
                    "accuracy": None if task.criterion.of_numbers else finite(figures["accuracy"]),
                    "chance": task.chance(),
                    "loss": finite(figures["loss"]),
                    "sequences": right.of,
                    "sequences_right": right.solved,
                    "interval": list(right.interval),
                }
                for task, figures, right in self.lines
            ],
        }

    def parts(self) -> list[Part]:
        """What ``holdfast test`` prints."""
        first = self.lines[0][0]
        axis = "steps" if first.length_axis == "steps" else f"{first.length_axis} (steps)"
        if first.criterion.of_numbers:
            heads = (axis, "largest error", "rms error", "rms by chance", f"sequences below {first.criterion.bound:g}")
        else:
            heads = (axis, "accuracy", "by chance", "sequences without a mistake")
        rows = tuple(_row(task, figures, right) for task, figures, right in self.lines)
        verdict = "yes" if self.solved else "no"
        return [
            Table(heads, rows, f"{self.file} on {first.name}"),
            Text(f"Solved ({first.criterion}): {verdict}."),
        ]


def judge(network: Network, tasks: list[Task], *, sequences: int = 2560, seed: int = 0, file: str = "") -> Judged:
    """Measure ``network`` on every task. Raises ``BadValue`` where sizes do not fit."""
    if sequences < 1:
        raise BadValue(f"--sequences-per-length is {sequences}, expected at least 1.")
    return Judged(file, tuple(_line(network, task, sequences, seed) for task in tasks))


def _line(network: Network, task: Task, sequences: int, seed: int) -> tuple[Task, dict[str, float], Rate]:
    if (network.inputs, network.outputs) != (task.inputs, task.outputs):
        raise BadValue(
            f"the network has {network.inputs} inputs and {network.outputs} outputs, but {task.name} with these axes "
            f"has {task.inputs} and {task.outputs}.",
            "Give the axes that the network was trained with.",
        )
    figures = measured(network, task, stream(seed, 0, "measure"), sequences)
    examples = task.examples()
    of = sequences if examples is None else len(examples.inputs)
    return task, figures, Rate(of - round(figures["wrong_rows"]), of)


def _row(task: Task, figures: dict[str, float], right: Rate) -> tuple[str, ...]:
    chance = task.chance()
    if task.criterion.of_numbers:
        shown = (f"{figures['error_sup']:.3g}", f"{figures['error_rms']:.3g}", f"{chance['error_rms']:.3g}")
    else:
        shown = (f"{figures['accuracy']:.4g}", f"{chance['accuracy']:.3g}")
    return (str(_length(task)), *shown, str(right))


def _length(task: Task) -> int:
    return task.longest if task.examples() is not None else getattr(task, task.length_axis)
