"""The result of a training: the outcome of every network, the success rate, and the sequences to success."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast.core.fields import field_infos, flags, plain
from holdfast.core.rates import Rate, quartiles
from holdfast.core.results import Line, LinePlot, Part, Table, Text, finite
from holdfast.core.task import Criterion, Task
from holdfast.core.text import argument, escaped
from holdfast.core.values import text
from holdfast.engine.network import Network
from holdfast.models.levels import Model
from holdfast.report.result_base import ResultBase
from holdfast.training.block import Outcome
from holdfast.training.optimisers import OPTIMISERS
from holdfast.training.settings import Settings

Attack = Callable[[Model, Task, int], float | None]
"""(network, task, seed) to the largest error that an adversarial search finds or, for symbols, the largest margin of a
wrong symbol; None if the task cannot be searched. The implementation is ``holdfast.certification.attack.attack``."""


@dataclass(frozen=True, repr=False)
class Training(ResultBase):
    """``outcomes`` in the order of the networks; ``history`` has a row per evaluation and network; ``run`` and
    ``weights`` are the files, if it was saved; ``attacks`` is the result of an ``Attack`` on each finished network,
    None without one."""

    TABLE = "seeds"

    settings: Settings
    outcomes: tuple[Outcome, ...]
    networks: Mapping[int, Network]
    history: Sequence[Mapping[str, Any]]
    interrupted: bool = False
    run: Path | None = None
    weights: tuple[str, ...] = ()
    attacks: Mapping[int, float | None] | None = None

    @property
    def rate(self) -> Rate:
        return Rate(sum(o.solved for o in self.outcomes), len(self.outcomes))

    @property
    def sequences_to_success(self) -> tuple[float, float, float] | None:
        """First quartile, median and third quartile over the networks that solved the task; None if none did."""
        return quartiles(o.sequences for o in self.outcomes if o.solved)

    def as_json(self) -> dict[str, object]:
        """The document of ``holdfast train --json``; figures that are not numbers are null."""
        s, quartiles, numbers = self.settings, self.sequences_to_success, self.settings.task.criterion.of_numbers
        attacks = self.attacks or {}
        return {
            "task": s.task.name,
            "cell": s.cell_name,
            "units": s.units,
            "solved": self.rate.solved,
            "of": self.rate.of,
            "interval": list(self.rate.interval),
            "sequences_to_success": list(quartiles) if quartiles else None,
            "criterion": str(s.task.criterion),
            "interrupted": self.interrupted,
            "seeds": [
                {
                    **o.as_json(),
                    **({"accuracy": None} if numbers else {"error_sup": None}),
                    "error_attack": _known(attacks.get(o.seed)) if numbers else None,
                    "margin_attack": None if numbers else _known(attacks.get(o.seed)),
                }
                for o in self.outcomes
            ],
            "run": str(self.run) if self.run else None,
            "weights": list(self.weights),
            "settings": s.as_json(),
        }

    def parts(self) -> list[Part]:
        """The parts of the report of ``holdfast train``: the settings, a line per network, the success rate, the
        files."""
        s, quartiles = self.settings, self.sequences_to_success
        lines = [f"Solved: {self.rate}. Criterion: {s.task.criterion}."]
        if s.embedded:
            why = "by --embedding" if s.embedding != "none" else f"since {s.cell_name} has a residual connection"
            lines.append(f"The {s.task.inputs} inputs are embedded in {s.units} units, {why}.")
        if quartiles:
            low, middle, high = quartiles
            lines.append(f"Sequences to success: median {middle:,.0f}, quartiles {low:,.0f} to {high:,.0f}.")
        if self.attacks is not None:
            solved = [self.attacks.get(o.seed) for o in self.outcomes if o.solved]
            lines += under_attack(s.task.criterion, list(self.attacks.values()), solved, "solved networks")
        lines += self._next()
        if self.interrupted and self.run and self.settings.task.criterion.of_dataset:
            lines.append(f"Interrupted; continue with: holdfast.train(dataset, resume='{escaped(str(self.run))}')")
        elif self.interrupted and self.run:
            lines.append(f"Interrupted; continue with: holdfast train --resume {argument(self.run)}")
        elif self.interrupted:
            lines.append("Interrupted; the training was not saved, since it has no run folder (out).")
        if self.run:
            lines.append(f"Run: {escaped(str(self.run))}")
        return [Text(self._set_up()), seeds_table(self.as_json()), Text("\n".join(lines))]

    def plots(self) -> list[Part]:
        """The loss of every network over the training sequences."""
        lines = [self._loss(outcome.seed) for outcome in self.outcomes]
        drawn = tuple(line for line in lines if line.x)
        label = self.settings.task.loss.replace("_", " ")
        return [LinePlot(drawn, "training sequences", label, "Training", y_log=True)] if drawn else []

    def _loss(self, seed: int) -> Line:
        rows = [row for row in self.history if row["seed"] == seed]
        return Line(f"seed {seed}", tuple(r["sequences"] for r in rows), tuple(finite(r["loss"]) for r in rows))

    def _next(self) -> list[str]:
        """What to do where networks that were trained to the end did not solve the task."""
        s, failed = self.settings, [n for n, o in enumerate(self.outcomes) if o.verdict in ("not solved", "nan")]
        if not failed:
            return []
        if s.task.criterion.of_dataset:
            stopped = any(o.verdict == "not solved" and o.sequences < s.budget for o in self.outcomes)
            more = [
                "Training ended when the sequences for validation met the criterion, and the held-out ones did not. "
                "More sequences for training or for validation may help."
            ]
            return [
                *(more if stopped else [f"Not all solved it. Try more sequences: budget={10 * s.budget}."]),
                "Or search for settings: holdfast.tune(dataset)",
            ]
        seen = [f"Or look at one: holdfast explain {argument(self.weights[failed[0]])}"] if self.weights else []
        return [
            f"Not all solved it. Try more sequences: --budget {10 * s.budget}",
            f"Or search for settings: {escaped(tune_command(s))}",
            *seen,
        ]

    def _set_up(self) -> str:
        s = self.settings
        used = {name: value for name, value in plain(s.task).items() if name not in s.task.unused}
        axes = ", ".join(f"{name} {text(value)}" for name, value in used.items() if value is not None)
        clip = f", gradient clipped at norm {s.clip:g}" if s.clip is not None else ""
        cut = f", gradient truncated every {s.truncate} steps" if s.truncate is not None else ""
        cut += ", separate weights for every step" if s.weights == "per_step" else ""
        cut += f", gradient {s.gradient}" if s.gradient != "full" else ""
        rising = f" after a warm-up of {s.warmup:,} sequences" if s.warmup is not None else ""
        short = f", the first {s.curriculum:,} shorter" if s.curriculum is not None else ""
        deep = f"{s.layers} x {s.units}" if s.layers > 1 else str(s.units)
        above = f", read-out with {s.readout_hidden} hidden units" if s.hidden_units else ""
        stop = "" if s.stop == field_infos(type(s))["stop"].default else f", stop {s.stop}"
        return (
            f"{s.task.name}: {axes}\n{s.cell_name}: {deep} units{above}, initialisation {s.how}; "
            f"update per {s.update} of {s.rows}, "
            f"{OPTIMISERS.of(s.optimiser).title} {s.learning_rate:g}{rising}{clip}{cut}; "
            f"at most {s.budget:,} sequences{short}{stop}; seed {s.seed}"
        )


def tune_command(settings: Settings) -> str:
    """The command that searches for settings with this task, this cell, and whatever else is no default and the search
    does not vary."""
    searched = ("units", "layers", "learning_rate", "initialisation", "batch", "readout_hidden")
    own = ("cell", "budget", "seeds", "seed", "check_every", "engine")
    more = (flags(settings.task), f"--cell {shlex.quote(settings.cell)}", flags(settings, (*searched, *own)))
    return " ".join(filter(None, ("holdfast tune", settings.task.name, *more)))


def seeds_table(document: Mapping[str, Any], title: str = "") -> Table:
    """One line per network, from the document of ``Training.as_json``."""
    seeds = document["seeds"]
    of_numbers = all(seed["accuracy"] is None for seed in seeds)  # accuracy does not apply to them
    figure, attacked = ("error_sup", "error_attack") if of_numbers else ("accuracy", "margin_attack")
    found = [seed.get(attacked) for seed in seeds]
    with_attack = any(value is not None for value in found)
    heads = ("seed", "verdict", "sequences", "loss", *attack_heads(of_numbers, with_attack))
    rows = [
        (
            *(str(s["seed"]), s["verdict"], f"{s['sequences']:,}", _number(s, "loss"), _number(s, figure)),
            *((shown_attack(value),) if with_attack else ()),
        )
        for s, value in zip(seeds, found, strict=True)
    ]
    return Table(heads, tuple(rows), title)


def attack_heads(of_numbers: bool, attacked: bool) -> tuple[str, ...]:
    """Column heads of the sampled figure and, with an attack, of its result."""
    if not attacked:
        return ("largest error",) if of_numbers else ("accuracy",)
    if of_numbers:
        return ("largest error (sampled)", "largest error (attack)")
    return ("accuracy (sampled)", "margin of a wrong symbol (attack)")


def under_attack(
    criterion: Criterion, found: Sequence[float | None], solved: Sequence[float | None], of: str
) -> list[str]:
    """One sentence on the attacks of those ``solved`` (named ``of``), or none."""
    if all(value is None for value in found):
        return ["No attack was made, since this task has no scenario."] if found else []
    known = [value for value in solved if value is not None]
    if not known:
        return []
    count, single = len(known), f"the one {of.removesuffix('s')}"
    if criterion.of_numbers:
        broken = sum(not value <= criterion.bound for value in known)
        worst = max(known, key=lambda value: math.inf if math.isnan(value) else value)
        if count == 1:
            ends = "exceeds" if broken else "stays within"
            said = f"{single.capitalize()} {ends} the tolerance under attack (error {worst:.3g})"
        elif broken:
            said = f"{broken} of {count} {of} exceed the tolerance under attack (worst {worst:.3g})"
        else:
            said = f"All {count} {of} stay within the tolerance under attack (worst {worst:.3g})"
    else:
        broken = sum(not value < 0 for value in known)
        which = single if count == 1 else f"{broken} of {count} {of}" if broken else f"any of the {count} {of}"
        said = f"The attack found {'a' if broken else 'no'} sequence with a wrong symbol for {which}"
    return [f"{said}." if broken else f"{said}; this is no proof."]


def shown_attack(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _known(value: float | None) -> float | None:
    return None if value is None else finite(value)


def _number(seed: Mapping[str, Any], figure: str) -> str:
    """The number with three digits. None stands for NaN in JSON, or for no value if the network was interrupted before
    its first evaluation."""
    if (value := seed[figure]) is not None:
        return f"{value:.3g}"
    return "-" if seed["verdict"] == "interrupted" else "nan"
