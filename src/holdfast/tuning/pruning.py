"""Pruning: a trial whose first networks are worse than those of the best trial is ended before the rest are trained.

The test is Wilcoxon's signed-rank test (Optuna's ``WilcoxonPruner``) between the scores of single networks. Every trial
has seeds of its own, so pairs are independent. With fewer than four pairs no p-value falls below 0.1, hence ``ROUND``.
"""

from __future__ import annotations

import warnings
from typing import Any

from holdfast.training.block import Outcome
from holdfast.training.loop import grouped
from holdfast.training.settings import Settings
from holdfast.tuning.search import Search
from holdfast.tuning.trial import Trial, loss_share

ROUND = 4
"""The smallest number of networks that are trained before the trial is compared again."""


def pruner(search: Search) -> Any:
    """Optuna's pruner with the threshold of the search."""
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.pruners.WilcoxonPruner(p_threshold=search.prune)


def rounds(search: Search, settings: Settings, study: Any) -> list[range]:
    """The networks of a trial in parts. After each part the trial may be ended. One part if it cannot: there is nothing
    to compare it with, or ``search.prune`` is 0. Parts consist of whole blocks, so that they change no network."""
    if not search.prune or not _comparable(study):
        return [range(settings.seeds)]
    parts: list[range] = []
    first = 0
    for block in grouped(settings.seeds):
        end = block[-1] + 1
        if end - first >= ROUND or end == settings.seeds:
            parts.append(range(first, end))
            first = end
    return parts


def _comparable(study: Any) -> bool:
    """Whether the best trial has scores of its networks. Trials of earlier versions have none."""
    import optuna

    complete = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])
    return bool(complete) and bool(study.best_trial.intermediate_values)


def network_score(search: Search, weights: int, outcome: Outcome) -> float:
    """The score of one network, on the scale of ``Trial.score``: lower is better."""
    if outcome.solved:
        return weights + outcome.sequences / (2 * search.base.budget + 1)
    return search.most_weights + 2 + loss_share(outcome.loss)


def saved(search: Search, trials: tuple[Trial, ...]) -> int:
    """The number of networks that did not have to be trained."""
    return sum(search.base.seeds - trial.of for trial in trials if trial.pruned(search))
