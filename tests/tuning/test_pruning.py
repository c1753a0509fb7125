"""Pruning over seeds: what is saved, what is told, and that the answer is the one without it."""

from dataclasses import replace

import optuna
import pytest
from scipy.stats import wilcoxon

from holdfast.core.errors import BadValue
from holdfast.tasks.echo import Echo
from holdfast.training.block import Outcome
from holdfast.training.loop import train_networks
from holdfast.training.settings import Settings
from holdfast.tuning import find
from holdfast.tuning.find import tune
from holdfast.tuning.pruning import ROUND, network_score
from holdfast.tuning.search import PRUNE, Search, completed
from holdfast.tuning.trial import Trial
from tests.tuning.trainer import from_units

TASK = Echo(sequences=(("a", "b"), ("b", "a")))
BASE = Settings(TASK, budget=2000, seeds=8)
SEARCH = Search(BASE, units=(1, 8), confirm=8)


def search(folder, trials, asked=SEARCH):
    folder.mkdir(exist_ok=True)
    return tune(asked, storage=str(folder / "trials"), name="mine", trials=trials)


def test_trials_that_cannot_be_the_best_are_ended_early_and_the_savings_are_reported(trained, tmp_path):
    trainer = trained(from_units(3))
    done = search(tmp_path, 20)
    pruned = [t for t in done.trials if t.pruned(SEARCH)]
    assert pruned
    assert all(t.of == ROUND and t.solved == 0 and not t.solves(SEARCH) for t in pruned)
    document = done.as_json()
    saved = 4 * len(pruned)
    assert document["trainings"] == {"done": 160 - saved, "saved": saved}
    assert [t["pruned"] for t in document["trials"]] == [t.pruned(SEARCH) for t in done.trials]
    assert sum(map(len, trainer.numbers)) == 160 - saved + 8 * len(done.confirmations)
    assert f"{saved} of 160 trainings saved" in done.parts()[-1].text
    assert done.best.trial.values["units"] == 3


def test_without_pruning_every_network_is_trained_and_nothing_is_said_of_it(trained, tmp_path):
    trainer = trained(from_units(3))
    done = search(tmp_path, 12, replace(SEARCH, prune=0.0))
    assert set(trainer.numbers) == {range(8)}
    assert done.as_json()["trainings"] == {"done": 96, "saved": 0}
    assert "saved" not in done.parts()[-1].text


def test_a_search_with_pruning_goes_on_to_the_trials_of_one_that_was_not_interrupted(trained, tmp_path):
    trained(from_units(3))
    whole = search(tmp_path / "whole", 14)
    first_parts = trained(from_units(3), interrupted_at=10)
    cut = search(tmp_path / "cut", 14)
    assert cut.interrupted
    assert first_parts.numbers[-1] == range(4) or first_parts.numbers[-1] == range(4, 8)
    trained(from_units(3))
    assert search(tmp_path / "cut", 14).trials == whole.trials


def test_a_trial_is_ended_by_the_signed_rank_test_alone(trained, tmp_path):
    """One network of the first four that is as good as the best trial's: p is 0.13 at least, and all are trained."""
    trained(lambda settings: settings.seeds if settings.units >= 3 else 1)
    best = [network_score(SEARCH, 100, Outcome(n, "solved", 100 * (n + 1), 0.1, 0.01, 1.0)) for n in range(4)]
    for solved, below in ((0, True), (1, False)):
        mine = [
            network_score(SEARCH, 50, Outcome(n, "solved" if n < solved else "budget spent", 100, 0.1, 0.01, 1.0))
            for n in range(4)
        ]
        difference = [a - b for a, b in zip(mine, best, strict=True)]
        assert (wilcoxon(difference, alternative="greater", zero_method="zsplit").pvalue < PRUNE) == below
    assert not [t for t in search(tmp_path, 14).trials if t.pruned(SEARCH)]


def test_networks_are_scored_as_trials_are():
    """A network has the score of a trial whose networks are all like it, up to the count of those that fail."""
    solved, failed = Outcome(0, "solved", 700, 0.1, 0.0, 1.0), Outcome(0, "budget spent", 2000, 0.3, 0.5, 0.5)
    of_solved = Trial(0, {}, 40, 8, 8, (700,) * 8, 0.1, 0).score(SEARCH)
    of_failed = Trial(0, {}, 40, 0, 8, (), 0.3, 0).score(SEARCH)
    assert network_score(SEARCH, 40, solved) == of_solved
    assert network_score(SEARCH, 40, failed) == of_failed - 7
    diverged = network_score(SEARCH, 40, replace(failed, loss=float("nan")))
    assert network_score(SEARCH, 40, solved) < network_score(SEARCH, 40, failed) < diverged < float("inf")


def test_a_pruned_trial_is_worse_than_one_that_solves_however_its_first_networks_did():
    lucky = Trial(0, {}, 10, 4, 4, (1,) * 4, 0.0, 0)
    solving = Trial(1, {}, 40, 8, 8, (2000,) * 8, 0.1, 0)
    assert not lucky.solves(SEARCH)
    assert lucky.score(SEARCH) > solving.score(SEARCH)
    assert find.candidates(SEARCH, [lucky, solving]) == [solving]


def test_a_study_of_a_version_without_pruning_goes_on(trained, tmp_path, monkeypatch):
    """Its trials have no scores of networks: nothing is compared with them, and no warning is shown."""
    trained(from_units(1))
    with monkeypatch.context() as earlier:
        earlier.setattr(optuna.trial.Trial, "report", lambda self, value, step: None)
        search(tmp_path, 2, replace(SEARCH, prune=0.0, units=(1, 8)))
        stored = {name: value for name, value in SEARCH.as_json().items() if name != "prune"}
        assert completed(stored) == SEARCH.as_json()
    trainer = trained(lambda settings: 0)
    found = tune(replace(SEARCH, prune=0.0), storage=str(tmp_path / "trials"), name="mine", trials=4)
    assert len(found.trials) == 4
    assert set(trainer.numbers) == {range(8)}


def test_networks_trained_in_parts_are_those_of_a_training_of_all():
    settings = Settings(TASK, units=3, budget=600, seeds=8)
    whole = train_networks(settings)
    parts = [train_networks(settings, numbers=part) for part in (range(4), range(4, 8))]
    assert [o for part in parts for o in part.outcomes] == list(whole.outcomes)
    assert all(part.networks[n] == whole.networks[n] for part in parts for n in part.networks)


def test_a_threshold_that_is_no_probability_is_told():
    with pytest.raises(BadValue, match=r"--prune is 2, expected at most 1"):
        replace(SEARCH, prune=2.0)
