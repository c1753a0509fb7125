"""The search: trials one after another, each stored immediately, then the best settings on seeds that no trial used."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from holdfast.core.documents import convert
from holdfast.core.errors import BadFile, BadValue
from holdfast.core.progress import Progress
from holdfast.training.interrupt import Interrupts
from holdfast.training.loop import OnCheck, train_networks
from holdfast.training.result import Training
from holdfast.training.settings import Settings
from holdfast.tuning.pruning import network_score, pruner, rounds
from holdfast.tuning.result import Confirmation, TuningResult
from holdfast.tuning.search import CONFIRMATION, SEARCHED, Search
from holdfast.tuning.storage import CONFIRMED, opened_study, shown, told
from holdfast.tuning.trial import Trial, trial_of
from holdfast.tuning.workers import LostTrials, heartbeat, sign, unnamed

STARTUP = 10
"""The number of random trials before the sampler uses earlier results."""
CANDIDATES = 3
"""The largest number of settings that are tested on new seeds, one after another, until one is confirmed."""
ALWAYS = frozenset(SEARCHED) - {"batch"}
"""The fields that every trial has a value of. For given sequences, ``batch`` is not searched."""
RESULT, RETRIED = "holdfast result", "holdfast retried"
"""The attributes stored with a trial: its result, and the lost trial that it repeats."""

Watch = Callable[[str, Progress], None]


class _Interrupted(Exception):  # noqa: N818 -- no error
    """Ends the search immediately; finished trials stay stored."""


def tune(
    search: Search,
    *,
    storage: str,
    name: str,
    trials: int = 40,
    minutes: float | None = None,
    threads: int | None = None,
    watch: Watch = lambda what, progress: None,
    on_check: OnCheck | None = None,
) -> TuningResult:
    """Search until the study has ``trials`` trials, or until ``minutes`` have passed, then confirm the best settings.

    ``storage`` is a file or a database URL, ``name`` the study in it. An existing study with the same settings is
    continued, also while others work on it, here or on other machines. Trials whose process is gone are repeated. An
    interrupt loses the running trial; the next call tries its
    values first. ``on_check`` is called as by ``train_networks``, with the number of the ``trial``. Raises
    ``BadValue``, ``BadRun``, ``BadFile`` (see ``opened_study``).
    """
    if trials < 1:
        raise BadValue(f"--trials is {trials}, expected at least 1.")
    if minutes is not None and not minutes > 0:
        raise BadValue(f"--minutes is {minutes:g}, expected a positive number.")
    with opened_study(search, storage, name) as study:
        return _tuned(_Work(search, study, storage, threads, watch, on_check), name, trials, minutes)


def _tuned(work: _Work, name: str, trials: int, minutes: float | None) -> TuningResult:
    ends = time.monotonic() + 60 * minutes if minutes is not None else float("inf")
    confirmed: list[Confirmation] = []
    interrupted = False
    try:
        with Interrupts() as work.interrupts:
            work.wait_for_names()
            while len(work.done()) < trials and time.monotonic() < ends:
                work.take_back()
                work.one_trial(trials)
            confirmed = work.confirm()
    except (_Interrupted, KeyboardInterrupt):
        interrupted = True
    return TuningResult(work.search, tuple(work.done()), tuple(confirmed), name, shown(work.storage), interrupted)


class _Work:
    def __init__(
        self,
        search: Search,
        study: Any,
        storage: str,
        threads: int | None,
        watch: Watch,
        on_check: OnCheck | None = None,
    ) -> None:
        self.search, self.study, self.storage = search, study, storage
        self.threads, self.watch, self.on_check = threads, watch, on_check
        self.interrupts = Interrupts()
        self.lost = LostTrials()

    def done(self) -> list[Trial]:
        """Every finished trial, in the order of the search."""
        import optuna

        with told(self.storage):
            states = [optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED]
            finished = self.study.get_trials(deepcopy=False, states=states)
        found = [Trial.from_stored(trial.user_attrs.get(RESULT), self._where(trial.number)) for trial in finished]
        for trial in found:
            if missing := sorted(ALWAYS - trial.values.keys()):
                raise BadFile(f"{self._where(trial.number)}: its values lack {', '.join(missing)}.")
        return sorted(found, key=lambda t: t.number)

    def _where(self, number: int) -> str:
        return f"{shown(self.storage)}, trial {number}"

    def _running(self) -> list[Any]:
        import optuna

        return self.study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.RUNNING])

    def wait_for_names(self) -> None:
        """Wait until every running trial has the name of its process, or the time for this has passed, so that the
        trials of processes that were killed early are repeated first."""
        with told(self.storage):
            while unnamed(running := self._running()) - set(self.lost.find(running)):
                time.sleep(0.1)

    def take_back(self) -> None:
        """Close the trials of processes that are gone, and put their values at the front of the queue."""
        with told(self.storage):
            for number in self.lost.find(self._running()):
                self._give_up(number)

    def _give_up(self, number: int) -> None:
        """Close a trial. Another one repeats it with the same values and seeds."""
        import optuna

        trials = self.study.get_trials(deepcopy=False)
        trial, place = trials[number], _place(trials, number)
        if not any(_place(trials, later.number) == place for later in trials[number + 1 :]):
            whole = self._wanted() <= trial.params.keys()
            values = trial.params if whole else trial.system_attrs.get("fixed_params", {})
            self.study.enqueue_trial(values, user_attrs={RETRIED: place})
        self.study.tell(number, state=optuna.trial.TrialState.FAIL)

    def _wanted(self) -> frozenset[str]:
        """The fields that a trial has values of."""
        if self.search.updates:  # whether there is a batch depends on the rule
            return ALWAYS | {"update"}
        return ALWAYS | ({"batch"} if self.search.batches else set())

    def one_trial(self, trials: int) -> None:
        """Get values from the sampler, train with them, and report the result."""

        finished = self.done()
        with told(self.storage):
            if not finished and not self.study.get_trials(deepcopy=False):
                self.study.enqueue_trial(self._first())
            trial = self.study.ask()
            sign(trial)
            # The values of a trial depend on its place and on earlier trials, not on when processes start or end.
            place = _place(self.study.get_trials(deepcopy=False), trial.number)
            self.study.sampler, self.study.pruner = self._sampler(place), pruner(self.search)
            values = self._values(trial, _best(self.search, finished))
        settings = self.search.settings(values, self.search.base.seeds, place)
        weights = self.search.weights(settings.units, settings.layers)
        what = f"trial {len(finished) + 1} of {trials}, {_said(values)}, {weights:,} weights"
        with heartbeat(trial):
            try:
                done = self._trained(trial, settings, what, place)
                with told(self.storage):
                    if done is None:
                        self._give_up(trial.number)
                        raise _Interrupted
                    self._keep(trial, trial_of(self.search, place, values, done))
            except RuntimeError:  # Optuna's, for a trial that is closed
                if any(one.number == trial.number for one in self._running()):
                    raise
                # This process stood still for so long that another one repeats its trial: that result counts.

    def _sampler(self, place: int) -> Any:
        """The sampler of the trial at this place. Running trials of other workers count as failed, so that workers try
        different values; with one worker this changes nothing."""
        import optuna

        (seed,) = np.random.SeedSequence([self.search.base.seed, place]).generate_state(1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return optuna.samplers.TPESampler(seed=int(seed), n_startup_trials=STARTUP, constant_liar=True)

    def _trained(self, trial: Any, settings: Settings, what: str, place: int) -> Training | None:
        """The networks of a trial, part by part, until it is pruned or all are trained; None if it was interrupted."""
        weights = self.search.weights(settings.units, settings.layers)
        with told(self.storage):
            parts = rounds(self.search, settings, self.study)
        done: Training | None = None
        for part in parts:
            new = self._train(settings, what, place, part)
            if new is None:
                return None
            done = replace(new, outcomes=(*done.outcomes, *new.outcomes)) if done else new
            with told(self.storage):
                for outcome in new.outcomes:
                    trial.report(network_score(self.search, weights, outcome), outcome.seed)
                if part is not parts[-1] and trial.should_prune():
                    break
        return done

    def _keep(self, trial: Any, came: Trial) -> None:
        import optuna

        trial.set_user_attr(RESULT, came.stored())
        if came.pruned(self.search):
            self.study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            self.study.tell(trial, came.score(self.search))

    def _first(self) -> dict[str, Any]:
        start = self.search.start
        values = {"units": start.units, "layers": 1, "learning_rate": start.learning_rate}
        values["initialisation"] = self.search.initialisations[0]
        if self.search.updates:
            values["update"] = self.search.updates[0]
        return values | ({"batch": self.search.batches[-1]} if self._batches(values) else {})

    def _batches(self, values: dict[str, Any]) -> tuple[int, ...]:
        """The batch sizes to choose from, for these values of the rest."""
        reads = self.search.reads_batch(values.get("update", self.search.base.update))
        return self.search.batches if reads else ()

    def _values(self, trial: Any, best: Trial | None) -> dict[str, Any]:
        """The values for a trial. Sizes above the smallest one that solved the task are excluded, since they cannot be
        the answer."""
        s = self.search
        weights = best.weights if best else s.most_weights
        deepest = max(depth for depth in range(1, s.layers + 1) if depth == 1 or s.most_units(weights, depth))
        layers = trial.suggest_int("layers", 1, deepest)
        most = max(s.most_units(weights, layers), s.units[0])
        values: dict[str, Any] = {"units": trial.suggest_int("units", s.units[0], most, log=True), "layers": layers}
        values["learning_rate"] = trial.suggest_float("learning_rate", *s.learning_rates, log=True)
        values["initialisation"] = trial.suggest_categorical("initialisation", s.initialisations)
        if s.updates:
            values["update"] = trial.suggest_categorical("update", s.updates)
        if batches := self._batches(values):
            values["batch"] = trial.suggest_categorical("batch", batches)
        return values

    def _train(self, settings: Settings, what: str, number: int, part: range) -> Training | None:
        """The finished training of these networks; None if it was interrupted."""
        if self.interrupts.heard:
            return None

        def watch(progress: Progress) -> None:
            self.watch(what, replace(progress, finished=progress.finished + part.start, of=settings.seeds))

        # ``train_networks`` handles interrupts itself while it trains.
        done = train_networks(
            settings,
            threads=self.threads,
            watch=watch,
            on_check=self.on_check and partial(_with_trial, self.on_check, number),
            numbers=part,
        )
        return None if done.interrupted or self.interrupts.heard else done

    def confirm(self) -> list[Confirmation]:
        """Test the best settings on new seeds, one after another, until one is confirmed. Stored results are reused."""
        with told(self.storage):
            stored = self.study.user_attrs.get(CONFIRMED, {})
        kept = convert(stored, dict[str, dict[str, Any]], f"{shown(self.storage)}, what was confirmed")
        found: list[Confirmation] = []
        for candidate in candidates(self.search, self.done()):
            key = str(candidate.number)
            if key not in kept:
                settings = self.search.settings(dict(candidate.values), self.search.confirm, CONFIRMATION)
                what = f"confirming trial {candidate.number} on fresh seeds, {_said(candidate.values)}"
                done = self._train(settings, what, candidate.number, range(settings.seeds))
                if done is None:
                    raise _Interrupted
                kept[key] = trial_of(self.search, candidate.number, candidate.values, done).stored()
                with told(self.storage):
                    self.study.set_user_attr(CONFIRMED, dict(kept))
            found.append(Confirmation(candidate, Trial.from_stored(kept[key], self._where(candidate.number))))
            if self.search.solves(found[-1].fresh.rate):
                break
        return found


def _with_trial(on_check: OnCheck, number: int, row: Mapping[str, Any]) -> None:
    on_check({"trial": number, **row})


def candidates(search: Search, trials: list[Trial]) -> list[Trial]:
    """The settings that solved the task in their trials, the best first, at most ``CANDIDATES``."""
    solving = [t for t in trials if t.solves(search)]
    return sorted(solving, key=lambda t: t.score(search))[:CANDIDATES]


def _place(trials: list[Any], number: int) -> int:
    """The place of trial ``number`` in the search. A repeated trial has the place of the lost one."""
    again = trials[number].user_attrs.get(RETRIED)
    return number - sum(RETRIED in t.user_attrs for t in trials[:number]) if again is None else int(again)


def _best(search: Search, trials: list[Trial]) -> Trial | None:
    return next(iter(candidates(search, trials)), None)


def _said(values: Any) -> str:
    deep = f"{values['layers']} x " if values["layers"] > 1 else ""
    batch = "".join(f", {name} {values[name]}" for name in ("update", "batch") if name in values)
    return f"{deep}{values['units']} units, rate {values['learning_rate']:.3g}, {values['initialisation']}{batch}"
