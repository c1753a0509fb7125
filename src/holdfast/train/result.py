"""What a training gives: every network's outcome, the success rate, and what sequences to success took."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from holdfast.core.fields import described, plain
from holdfast.core.rates import Rate, quartiles
from holdfast.core.results import Part, Table, Text, finite
from holdfast.core.task import Criterion, Task
from holdfast.core.text import escaped
from holdfast.core.values import text
from holdfast.engine.network import Network
from holdfast.train.block import Outcome
from holdfast.train.optimisers import OPTIMISERS
from holdfast.train.settings import Settings

Attack = Callable[[Network, Task, int], float | None]
"""(network, task, seed) to the largest error that a search for bad rows finds or, of symbols, how far a wrong one leads
the right one; None where the task cannot be searched. The one there is: ``holdfast.certify.attack.attack``."""


@dataclass(frozen=True)
class Training:
    """``outcomes`` in the order of the networks' numbers; ``history`` has a row per check and network; ``run`` and
    ``weights`` say where it is kept, if it is; ``attacks`` is what an ``Attack`` found for each network that ended as
    solved or not solved, None where none was made."""

    settings: Settings
    outcomes: tuple[Outcome, ...]
    networks: Mapping[int, Network] = field(repr=False)
    history: Sequence[Mapping[str, Any]] = field(repr=False)
    interrupted: bool = False
    run: Path | None = None
    weights: tuple[str, ...] = ()
    attacks: Mapping[int, float | None] | None = None

    @property
    def rate(self) -> Rate:
        return Rate(sum(o.solved for o in self.outcomes), len(self.outcomes))

    @property
    def sequences_to_success(self) -> tuple[float, float, float] | None:
        """First quartile, median and third quartile over the networks that solved the task; None where none did."""
        return quartiles(o.sequences for o in self.outcomes if o.solved)

    def as_json(self) -> dict[str, Any]:
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
        """What ``holdfast train`` prints: what was done, every network's line, the rate, where things are."""
        s, quartiles = self.settings, self.sequences_to_success
        said = [f"Solved: {self.rate}. Criterion: {s.task.criterion}."]
        if s.embedded:
            why = "as asked" if s.embedding != "none" else f"since the block {s.block} adds what it reads to units"
            said.append(f"The {s.task.inputs} inputs are embedded in {s.units} units, {why}.")
        if quartiles:
            low, middle, high = quartiles
            said.append(f"Sequences to success: median {middle:,.0f}, quartiles {low:,.0f} to {high:,.0f}.")
        if self.attacks is not None:
            solved = [self.attacks.get(o.seed) for o in self.outcomes if o.solved]
            said += under_attack(s.task.criterion, list(self.attacks.values()), solved, "solved networks")
        if self.interrupted:
            said.append(f"Interrupted; continue with: holdfast train --resume {escaped(str(self.run))}")
        if self.run:
            said.append(f"Run: {escaped(str(self.run))}")
        return [Text(self._set_up()), seeds_table(self.as_json()), Text("\n".join(said))]

    def _set_up(self) -> str:
        s = self.settings
        axes = ", ".join(f"{name} {text(value)}" for name, value in plain(s.task).items() if value is not None)
        clip = f", gradient clipped at norm {s.clip:g}" if s.clip is not None else ""
        cut = f", gradient cut every {s.truncate} steps" if s.truncate is not None else ""
        cut += ", weights of their own for every step" if s.weights == "per_step" else ""
        cut += f", gradient {s.gradient}" if s.gradient != "full" else ""
        deep = f"{s.layers} x {s.units}" if s.layers > 1 else str(s.units)
        stop = "" if s.stop == described(type(s))["stop"].default else f", stop {s.stop}"
        return (
            f"{s.task.name}: {axes}\n{s.cell_name}: {deep} units, initialisation {s.how}; update per {s.update} of "
            f"{s.rows}, {OPTIMISERS.of(s.optimiser).title} {s.learning_rate:g}{clip}{cut}; at most {s.budget:,} "
            f"sequences{stop}; seed {s.seed}"
        )


def seeds_table(document: Mapping[str, Any], title: str = "") -> Table:
    """A line for every network of a training, from its document: that of ``Training.as_json``, stored or not."""
    seeds = document["seeds"]
    of_numbers = all(seed["accuracy"] is None for seed in seeds)  # to which it does not apply
    figure, attacked = ("error_sup", "error_attack") if of_numbers else ("accuracy", "margin_attack")
    found = [seed.get(attacked) for seed in seeds]
    with_attack = any(value is not None for value in found)
    heads = ("seed", "verdict", "sequences", "loss", *attack_heads(of_numbers, with_attack))
    rows = [
        (
            *(str(s["seed"]), s["verdict"], f"{s['sequences']:,}", _number(s["loss"]), _number(s[figure])),
            *((shown_attack(value),) if with_attack else ()),
        )
        for s, value in zip(seeds, found, strict=True)
    ]
    return Table(heads, tuple(rows), title)


def attack_heads(of_numbers: bool, attacked: bool) -> tuple[str, ...]:
    """The heads of the columns of a sampled figure and, if there is one, of that which an attack found."""
    if not attacked:
        return ("largest error",) if of_numbers else ("accuracy",)
    if of_numbers:
        return ("largest error (sampled)", "largest error (attack)")
    return ("accuracy (sampled)", "wrong symbol leads by (attack)")


def under_attack(
    criterion: Criterion, found: Sequence[float | None], solved: Sequence[float | None], of: str
) -> list[str]:
    """What attacks ``found``, in a sentence about those that count as ``solved``, which are called ``of``; none where
    there is nothing to say."""
    if all(value is None for value in found):
        return ["No attack was made: this task does not describe all its rows at once."] if found else []
    known = [value for value in solved if value is not None]
    if not known:
        return []
    if criterion.of_numbers:
        broken = [value for value in known if not value <= criterion.bound]
        worst = max(known, key=lambda value: math.inf if math.isnan(value) else value)
        if broken:
            return [f"{len(broken)} of {len(known)} {of} exceed the tolerance under attack (worst {worst:.3g})."]
        return [
            f"None of {len(known)} {of} exceeds the tolerance under attack (worst {worst:.3g}); this proves nothing."
        ]
    broken = [value for value in known if not value < 0]
    if broken:
        return [f"For {len(broken)} of {len(known)} {of} an attack found a sequence with a wrong symbol."]
    return [f"For none of {len(known)} {of} an attack found a sequence with a wrong symbol; this proves nothing."]


def shown_attack(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _known(value: float | None) -> float | None:
    return None if value is None else finite(value)


def _number(value: float | None) -> str:
    """With three digits; JSON has null for what is none."""
    return "nan" if value is None else f"{value:.3g}"
