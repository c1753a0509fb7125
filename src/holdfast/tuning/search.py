"""The definition of a search: its fields, their bounds, and the criterion of success, stored with every study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from holdfast.core import fields, values
from holdfast.core.errors import BadValue, refuse
from holdfast.core.fields import field_infos, setting
from holdfast.core.formats import not_positive
from holdfast.core.rates import Rate
from holdfast.training.rules import RULES, UpdateRule
from holdfast.training.settings import Settings, task_as_json

if TYPE_CHECKING:
    from holdfast.core.cell import Cell

WIDEST_BATCH = 256
CONFIRMATION = 2**32 - 1
"""The trial number from which the seeds of a confirmation are derived. No trial has this number."""
PRUNE = 0.1
"""The threshold of pruning, also for studies of versions that had none."""
SEARCHED = ("units", "layers", "learning_rate", "initialisation", "batch")
"""The settings that trials vary; all others are the same in every trial, but for ``update`` where rules are named."""


@dataclass(frozen=True)
class Search:
    """A search. ``base`` has the task, the cell, and all settings that are the same in every trial; a trial trains
    ``base.seeds`` networks with at most ``base.budget`` sequences each. Bounds are inclusive. ``units`` and ``layers``
    bound the size, ``learning_rates`` the learning rate (searched on a logarithmic scale). ``batches`` are the choices
    for the sequences per update, ``initialisations`` those for the initial weights, ``updates`` those for the update
    rule. Without ``updates`` all trials have the rule of ``base``. Below the p-value ``prune`` a trial is ended early
    (see ``pruning.py``).

    A setting *solves* the task if the lower end of the 95 % interval of its success rate is at least ``success``. This
    must hold in a trial, and again for ``confirm`` networks with seeds that no trial used. ``base.seed`` is the root of
    all random numbers.

    Raises ``BadValue`` with every reason at once.
    """

    base: Settings
    units: tuple[int, int] = setting((1, 32), "units per layer, the fewest and the most")
    layers: int = setting(1, "layers at most", least=1, most=1000)
    learning_rates: tuple[float, float] = setting((1e-3, 1e-1), "learning rates, the smallest and the largest")
    batches: tuple[int, ...] = setting((8, 32), "sequences per update to choose from")
    initialisations: tuple[str, ...] = setting((), "initial weights to choose from", unset="those the cell has")
    updates: tuple[str, ...] = setting((), "update rules to choose from", unset="that of --update")
    confirm: int = setting(20, "networks that the best is confirmed with", least=1, most=10**6)
    success: float = setting(0.5, "share of networks that has to succeed")
    prune: float = setting(
        PRUNE, "p-value of ending a trial early that is worse than the best, 0: never", least=0, most=1
    )

    def __post_init__(self) -> None:
        if not isinstance(self.base, Settings):
            raise BadValue(
                f"the base of the search is {values.got(self.base)}, expected settings.", "Search(Settings(task))."
            )
        where = f"tune {self.base.task.name}, {self.base.cell}"
        refuse(fields.take(self), where)
        if not self.initialisations:
            object.__setattr__(self, "initialisations", _schemes(self.base.wrapped_cell))
        if not self._has_batches:
            object.__setattr__(self, "batches", ())
        refuse(self._mistakes(), where)
        for scheme in self.initialisations:
            replace(self.start, initialisation=scheme)
        for rule in self.updates:
            self.settings({"update": rule}, self.base.seeds, 0)
        object.__setattr__(self, "base", replace(self.base, engine=self.base.used_engine))

    @property
    def _has_batches(self) -> bool:
        """Whether the batch size is searched. Given sequences are few, and always one batch."""
        rules = self.updates or (self.base.update,)
        return not self.base.task.criterion.given and any(map(self.reads_batch, rules))

    def reads_batch(self, update: str | UpdateRule) -> bool:
        """Whether this update rule has a batch size. Raises ``UnknownName``."""
        return "batch" not in RULES.of(update).unused

    def _mistakes(self) -> list[str]:
        (small, large), (slow, fast) = self.units, self.learning_rates
        reasons = fields.mistakes(self)
        if not 1 <= small <= large:
            reasons.append(f"--units is {small} {large}, expected two numbers from 1 up, the smaller first")
        reasons += not_positive("learning-rates", slow, fast)
        if slow > fast:
            reasons.append(f"--learning-rates is {slow:g} {fast:g}, expected the smaller first")
        if self._has_batches and not self.batches:
            reasons.append("--batches is empty, expected at least one number")
        reasons += [
            f"--batches has {size}, expected 1 to {WIDEST_BATCH}"
            for size in self.batches
            if not 1 <= size <= WIDEST_BATCH
        ]
        if not 0 < self.success < 1:
            reasons.append(f"--success is {self.success:g}, expected a share between 0 and 1")
            return reasons
        for name, most in (("seeds", self.base.seeds), ("confirm", self.confirm)):
            if most >= 1 and not self.solves(Rate(most, most)):
                reasons.append(
                    f"--{name} is {most}, but even {Rate(most, most)} does not establish a success rate of "
                    f"{100 * self.success:g} %: at least {_enough(self.success)} are needed"
                )
        return reasons

    def solves(self, rate: Rate) -> bool:
        """Whether this rate shows, with 95 % confidence, a success rate of at least ``success``."""
        return rate.interval[0] >= self.success

    @property
    def start(self) -> Settings:
        """The settings of the first trial: the largest network, the default learning rate, everything else as in
        ``base``."""
        slow, fast = self.learning_rates
        return replace(
            self.base,
            units=self.units[1],
            layers=1,
            initialisation="auto",
            batch=self.batches[-1] if self.batches and self.reads_batch(self.base.update) else None,
            learning_rate=min(max(1e-2, slow), fast),
        )

    def settings(self, values: Mapping[str, object], seeds: int, number: int) -> Settings:
        """The settings of a training with these values of the searched fields. ``number`` determines its seeds."""
        import numpy as np

        (seed,) = np.random.SeedSequence([self.base.seed, number]).generate_state(1)
        rule = values.get("update")
        alone = {"batch": None} if isinstance(rule, str | UpdateRule) and not self.reads_batch(rule) else {}
        task = self.base.task if number == CONFIRMATION else self.base.task.while_choosing
        return replace(self.start, **{**values, **alone}, task=task, seeds=seeds, seed=int(seed))

    def weights(self, units: int, layers: int) -> int:
        """The number of weights of a network of this size, including the read-out."""
        import jax

        from holdfast.engine.network import create

        s, task = self.base, self.base.task
        made = create(
            *(s.cell_name, task.inputs, units, task.outputs, layers),
            steps=s.steps,
            embedding=s.embedded,
            readout_hidden=s.hidden_units,
        )
        return sum(leaf.size for leaf in jax.tree.leaves(made))

    @cached_property
    def most_weights(self) -> int:
        return self.weights(self.units[1], self.layers)

    def most_units(self, weights: int, layers: int) -> int:
        """The largest number of units within the bounds with at most ``weights`` weights; 0 if there is none."""
        low, high = self.units[0] - 1, self.units[1]
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.weights(middle, layers) <= weights else (low, middle - 1)
        return low if low >= self.units[0] else 0

    def as_json(self) -> dict[str, object]:
        fixed = {name: value for name, value in fields.plain(self.base).items() if name not in SEARCHED}
        return {"task": task_as_json(self.base.task), **fixed, **fields.plain(self)}


def completed(stored: Mapping[str, object]) -> dict[str, object]:
    """The stored search of a study, in current names. Fields that the version that wrote it did not have get their
    defaults."""
    fields_now = field_infos(Settings)
    known = {n: values.plain(one.default) for n, one in fields_now.items() if n not in SEARCHED}
    renewed = {n: fields_now[n].renewed(v) if n in known else v for n, v in stored.items()}
    return {"updates": [], "prune": PRUNE, **known, **renewed}


def _schemes(cell: Cell) -> tuple[str, ...]:
    """The initialisations for this cell. Those for a gate apply only to cells with such a gate."""
    keeping = {one.keep for one in cell.innermost} - {""}
    if keeping:
        return ("keras+chrono", "keras") + (() if keeping == {"forget"} else ("keras+forget=1",))
    return ("keras+identity", "keras") if cell.identity else ("keras",)


def _enough(success: float) -> int:
    """The smallest number of seeds such that success of all of them shows this success rate."""
    seeds = 1
    while Rate(seeds, seeds).interval[0] < success:
        seeds += 1
    return seeds
