"""Evaluate a saved network on fresh rows of a task, at one or several lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from holdfast.core.errors import BadValue
from holdfast.core.rates import Rate
from holdfast.core.results import Part, Table, Text, finite
from holdfast.core.task import Task
from holdfast.core.text import argument
from holdfast.models.levels import Model
from holdfast.report.result_base import ResultBase
from holdfast.training.figures import measured
from holdfast.training.profile import KINDS, Profile, profiles, refuse_unknown
from holdfast.training.result import Attack, attack_heads, shown_attack, under_attack

SHOWN = 16
"""Lines of the table of a profile, at most."""


@dataclass(frozen=True, repr=False)
class Evaluation(ResultBase):
    """The figures of one network, one line for each task: (task, figures, rate of sequences without a wrong step).
    ``attacks`` are the results of an ``Attack``, one for each line; None without an attack. ``profiles`` are those of
    each line that were asked for."""

    TABLE = "lengths"

    file: str
    lines: tuple[tuple[Task, dict[str, float], Rate], ...]
    attacks: tuple[float | None, ...] | None = None
    profiles: tuple[tuple[Profile, ...], ...] = ()

    @property
    def solved(self) -> bool:
        return all(task.criterion.met(figures) for task, figures, _ in self.lines)

    def as_json(self) -> dict[str, object]:
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
                    "error_attack": _known(attack) if task.criterion.of_numbers else None,
                    "margin_attack": None if task.criterion.of_numbers else _known(attack),
                    "chance": task.chance(),
                    "loss": finite(figures["loss"]),
                    "sequences": right.of,
                    "sequences_right": right.solved,
                    "interval": list(right.interval),
                    "by": {p.kind: [one.as_json(task.criterion.of_numbers) for one in p.bins] for p in profiles},
                }
                for (task, figures, right), attack, profiles in zip(
                    self.lines, self._attacks, self._profiles, strict=True
                )
            ],
        }

    @property
    def _attacks(self) -> tuple[float | None, ...]:
        return self.attacks or (None,) * len(self.lines)

    @property
    def _profiles(self) -> tuple[tuple[Profile, ...], ...]:
        return self.profiles or ((),) * len(self.lines)

    def parts(self) -> list[Part]:
        """The parts of the report that ``holdfast test`` prints."""
        first = self.lines[0][0]
        axis = "steps" if first.length_axis == "steps" else f"{first.length_axis} (steps)"
        attacked = any(value is not None for value in self._attacks)
        figures = attack_heads(first.criterion.of_numbers, attacked)
        if first.criterion.of_numbers:
            heads = (
                axis,
                *figures,
                "rms error",
                "rms error by chance",
                f"sequences with errors below {first.criterion.bound:g}",
            )
        else:
            heads = (axis, *figures, "accuracy by chance", "sequences without an error")
        rows = []
        for (task, sampled, right), value in zip(self.lines, self._attacks, strict=True):
            rows.append(_row(task, sampled, right, (shown_attack(value),) if attacked else ()))
        criterion = replace(first.criterion, sequences=self.lines[0][2].of)
        said = [f"Solved ({criterion}): {'yes' if self.solved else 'no'}."]
        if self.attacks is not None:
            met = [task.criterion.met(sampled) for task, sampled, _ in self.lines]
            solved = [value for value, passed in zip(self.attacks, met, strict=True) if passed]
            said += under_attack(first.criterion, self.attacks, solved, "solved lengths")
        if not self.solved and self.file:
            said.append(f"To see what it remembers: holdfast explain {argument(self.file)}")
        shown = [_profile(task, p) for (task, *_), some in zip(self.lines, self._profiles, strict=True) for p in some]
        title = f"{self.file or 'the model'} on {first.name}"
        return [Table(heads, tuple(rows), title), *shown, Text("\n".join(said))]


def judge(
    network: Model,
    tasks: list[Task],
    *,
    sequences: int = 2560,
    seed: int = 0,
    file: str = "",
    attack: Attack | None = None,
    by: Sequence[str] = (),
) -> Evaluation:
    """Evaluate ``network``, a model of any level, on every task, with ``attack`` if given, and with the profiles ``by``
    any of ``training.profile.KINDS``. Raises ``BadValue`` if the sizes do not match, or there is no such profile."""
    if sequences < 1:
        raise BadValue(f"--sequences-per-length is {sequences}, expected at least 1.")
    refuse_unknown(tasks[0], by)
    lines = tuple(_line(network, task, sequences, seed) for task in tasks)
    attacks = tuple(attack(network, task, seed) for task in tasks) if attack else None
    return Evaluation(file, lines, attacks, tuple(profiles(network, task, seed, sequences, by) for task in tasks))


def _line(network: Model, task: Task, sequences: int, seed: int) -> tuple[Task, dict[str, float], Rate]:
    if (network.inputs, network.outputs) != (task.inputs, task.outputs):
        raise BadValue(
            f"the network has {network.inputs} inputs and {network.outputs} outputs, but {task.name} with these axes "
            f"has {task.inputs} and {task.outputs}.",
            "Give the axes that the network was trained with.",
        )
    figures = measured(network, task, seed, sequences)
    examples = task.examples("test")
    of = sequences if examples is None else len(examples.inputs)
    return task, figures, Rate(of - round(figures["wrong_rows"]), of)


def _row(task: Task, figures: dict[str, float], right: Rate, attack: tuple[str, ...]) -> tuple[str, ...]:
    chance = task.chance()
    if task.criterion.of_numbers:
        rms = (f"{figures['error_rms']:.3g}", f"{chance['error_rms']:.3g}")
        shown = (f"{figures['error_sup']:.3g}", *attack, *rms)
    else:
        shown = (f"{figures['accuracy']:.4g}", *attack, f"{chance['accuracy']:.3g}")
    return (str(_length(task)), *shown, str(right))


def _profile(task: Task, profile: Profile) -> Table:
    """The table of a profile, with ranges where it has many values."""
    of_numbers = task.criterion.of_numbers
    heads = (KINDS[profile.kind], "scored", *(("largest error", "rms error") if of_numbers else ("accuracy",)))
    rows = list[tuple[str, ...]]()
    for one in profile.within(SHOWN):
        here = str(one.first) if one.first == one.last else f"{one.first}-{one.last}"
        figures = (f"{one.error_sup:.3g}", f"{one.error_rms:.3g}") if of_numbers else (f"{one.accuracy:.4g}",)
        rows.append((here, f"{one.scored:,}", *figures))
    return Table(heads, tuple(rows), f"By {profile.kind}, {task.length_axis} {_length(task)}")


def _known(value: float | None) -> float | None:
    return None if value is None else finite(value)


def _length(task: Task) -> int:
    return task.longest if task.examples() is not None else getattr(task, task.length_axis)
