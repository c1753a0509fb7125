"""The result of a search: the confirmed setting, the best trial of every size, and all trials."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from holdfast.core.results import Part, Table, Text, some
from holdfast.core.text import escaped
from holdfast.report.result_base import ResultBase
from holdfast.training.optimisers import OPTIMISERS
from holdfast.tuning.pruning import saved
from holdfast.tuning.search import Search
from holdfast.tuning.trial import Trial

LINES = 16
"""The largest number of lines in the table of sizes."""


@dataclass(frozen=True)
class Confirmation:
    """A setting that solved the task in its trial, and its result on seeds that no trial used (``fresh``)."""

    trial: Trial
    fresh: Trial


@dataclass(frozen=True, repr=False)
class TuningResult(ResultBase):
    """The result of a search. ``confirmations`` are in order; only the last one can have succeeded."""

    TABLE = "trials"

    search: Search
    trials: tuple[Trial, ...]
    confirmations: tuple[Confirmation, ...]
    study: str
    storage: str
    interrupted: bool = False

    @property
    def best(self) -> Confirmation | None:
        """The setting that solved the task in its trial and on new seeds; None if there is none."""
        last = self.confirmations[-1] if self.confirmations else None
        return last if last and self.search.solves(last.fresh.rate) else None

    def as_json(self) -> dict[str, object]:
        """The document of ``holdfast tune --json``; ``best`` is null if no setting was confirmed."""
        return {
            "task": self.search.base.task.name,
            "cell": self.search.base.cell,
            "best": self._best_json(),
            "trials": [
                {**t.as_json(), "solves": t.solves(self.search), "pruned": t.pruned(self.search)} for t in self.trials
            ],
            "trainings": {"done": sum(t.of for t in self.trials), "saved": saved(self.search, self.trials)},
            "storage": self.storage,
            "study": self.study,
            "success": self.search.success,
            "confirmations": [c.fresh.as_json() for c in self.confirmations],
            "interrupted": self.interrupted,
            "settings": self.search.as_json(),
        }

    def _best_json(self) -> dict[str, Any] | None:
        best = self.best
        if best is None:
            return None
        fresh = best.fresh
        return {
            **fresh.values,
            "weights": fresh.weights,
            "budget": fresh.budget(self.search),
            "solved": fresh.solved,
            "of": fresh.of,
            "interval": list(fresh.rate.interval),
            "sequences": fresh.median,
            "trial": {"number": best.trial.number, "solved": best.trial.solved, "of": best.trial.of},
        }

    def parts(self) -> list[Part]:
        """The parts of the report that ``holdfast tune`` prints."""
        return [Text(self._set_up()), *self._sizes(), Text("\n".join(self._sentences()))]

    def _set_up(self) -> str:
        s, base = self.search, self.search.base
        low, high = s.units
        batches = f", batches of {' or '.join(map(str, s.batches))}" if s.batches else ""
        deep = f", 1 to {s.layers} layers" if s.layers > 1 else ""
        batches += f", update per {' or '.join(s.updates)}" if s.updates else ""
        return (
            f"{base.task.name}, {base.cell}: {low} to {high} units{deep}, {self._optimiser} {s.learning_rates[0]:g} to "
            f"{s.learning_rates[1]:g}, {' or '.join(s.initialisations)}{batches}; {base.seeds} networks a trial, at "
            f"most {base.budget:,} sequences each\nA setting solves the task where the 95 % interval of its success "
            f"rate lies above {100 * s.success:g} %: criterion {base.task.criterion}"
        )

    @property
    def _optimiser(self) -> str:
        return OPTIMISERS.of(self.search.base.optimiser).title

    def _sizes(self) -> list[Part]:
        """The table of the best trial of every size, the smallest first."""
        if not self.trials:
            return []
        by_size = sorted(self.trials, key=lambda t: (t.weights, t.score(self.search)))
        rows = []
        for weights, group in groupby(by_size, key=lambda t: t.weights):
            tried = list(group)
            best = tried[0]
            deep = f"{best.values['layers']} x " if best.values["layers"] > 1 else ""
            batch = "".join(f", {name} {best.values[name]}" for name in ("update", "batch") if name in best.values)
            rows.append(
                (
                    f"{weights:,}",
                    f"{deep}{best.values['units']}",
                    str(len(tried)),
                    str(best.rate),
                    f"{best.median:,.0f}" if best.median else "",
                    f"{best.values['learning_rate']:.3g}",
                    best.values["initialisation"] + batch,
                )
            )
        heads = ("weights", "units", "trials", "solved by the best", "median sequences", "rate", "how")
        return [Table(heads, tuple(some(rows, LINES)), "The best trial of every size")]

    def _sentences(self) -> list[str]:
        s, best = self.search, self.best
        said = [
            f"On {c.fresh.of} fresh seeds, {_size(c.fresh)} (trial {c.trial.number}, {c.trial.solved} of {c.trial.of} "
            f"there): {c.fresh.rate}."
            for c in self.confirmations
        ]
        if best:
            budget = best.fresh.budget(s)
            assert budget is not None
            said.append(
                f"Smallest found: {_size(best.fresh)}, {self._optimiser} {best.fresh.values['learning_rate']:.3g}, "
                f"{best.fresh.values['initialisation']}, with {budget:,} sequences. The search "
                "may have missed smaller networks that also learn the task."
            )
        elif self.interrupted:
            said.append("Interrupted; the same command continues.")
        elif not self.confirmations:
            said.append("No trial solved the task. Continue with the same command and more --trials.")
        else:
            said.append("No successful trial was confirmed on new seeds. Continue with more --trials.")
        if pruned := sum(t.pruned(s) for t in self.trials):
            of, without = len(self.trials), len(self.trials) * s.base.seeds
            said.append(
                "Ended early, with networks worse than those of the best trial (Wilcoxon signed-rank test, "
                f"p < {s.prune:g}): {pruned} of {of} trials. {saved(s, self.trials)} of {without} trainings saved."
            )
        return [*said, f"Trials: {len(self.trials)}, in the study '{self.study}' in {escaped(self.storage)}"]


def _size(tried: Trial) -> str:
    units, layers = tried.values["units"], tried.values["layers"]
    deep = f"{layers} layers of " if layers > 1 else ""
    return f"{deep}{units} unit{'s' if units > 1 else ''}, {tried.weights:,} weights"
