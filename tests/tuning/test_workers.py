"""Several processes at one study: who is alive, whose trial is lost, and what becomes of both."""

import os
import threading
import time
from types import SimpleNamespace

import optuna
import pytest

from holdfast.tuning import find, storage, workers
from holdfast.tuning.workers import BEAT, LOST_SECONDS, MARK_SECONDS, WORKER, LostTrials, heartbeat, sign
from tests.tuning.test_find import SEARCH, left_running, search
from tests.tuning.trainer import from_units


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def running(number, worker=None, beat=None):
    given = {WORKER: worker, BEAT: beat}
    return SimpleNamespace(number=number, user_attrs={k: v for k, v in given.items() if v is not None})


def test_a_process_elsewhere_is_gone_when_its_count_stops():
    clock = Clock()
    lost = LostTrials(clock)
    for beat in range(3):  # alive, however long it takes
        assert lost.find([running(0, "elsewhere:7", beat)]) == []
        clock.now += LOST_SECONDS - 1
    assert lost.find([running(0, "elsewhere:7", 2)]) == []
    clock.now += 2
    assert lost.find([running(0, "elsewhere:7", 2)]) == [0]


def test_a_process_of_an_earlier_version_and_one_of_this_machine_are_left_alone():
    clock = Clock()
    lost = LostTrials(clock)
    trials = [running(0, "elsewhere:7"), running(1, f"{workers.socket.gethostname()}:{os.getpid()}")]
    assert lost.find(trials) == []
    clock.now += 1e6
    assert lost.find(trials) == []


def test_a_process_that_never_wrote_its_name_is_gone_after_seconds():
    clock = Clock()
    lost = LostTrials(clock)
    assert lost.find([running(0)]) == []
    clock.now += MARK_SECONDS + 1
    assert lost.find([running(0)]) == [0]


@pytest.mark.parametrize("place", ["trials", "sqlite"])
def test_a_running_trial_has_a_name_and_a_count_that_increases(place, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "BEAT_SECONDS", 0.01)
    where = f"sqlite:///{tmp_path / 'trials.db'}" if place == "sqlite" else str(tmp_path / place)
    with storage.opened_study(SEARCH, where, "mine") as study:
        trial = study.ask()
        sign(trial)
        with heartbeat(trial):
            counts, ends = set(), time.monotonic() + 60
            while len(counts) < 3 and time.monotonic() < ends:
                counts.add(study.trials[0].user_attrs[BEAT])
        after = study.trials[0].user_attrs
        assert after[WORKER] == f"{workers.socket.gethostname()}:{os.getpid()}"
        assert len(counts) == 3
        assert after[BEAT] >= max(counts)
    assert not [thread for thread in threading.enumerate() if thread.name == "heartbeat"]


def test_a_trial_that_another_machine_lost_is_repeated(trained, tmp_path, monkeypatch):
    trained(from_units(2))
    search(tmp_path, 2)
    trial = left_running(tmp_path)
    trial.set_user_attr(WORKER, "elsewhere:7")
    trial.set_user_attr(BEAT, 3)
    trial.suggest_int("layers", 1, 1)
    trial.suggest_int("units", 2, 2, log=True)
    trial.suggest_float("learning_rate", 0.0123, 0.0123, log=True)
    trial.suggest_categorical("initialisation", SEARCH.initialisations)
    trainer = trained(from_units(2))
    search(tmp_path, 3)
    assert trainer.calls[0].learning_rate != 0.0123
    monkeypatch.setattr(workers, "LOST_SECONDS", -1.0)
    trainer = trained(from_units(2))
    search(tmp_path, 4)
    assert trainer.calls[0].learning_rate == 0.0123


def test_a_process_that_stood_still_leaves_its_trial_to_the_one_that_repeats_it(trained, tmp_path, monkeypatch):
    trainer = trained(from_units(2))

    def stand_still(settings, **options):
        if len(trainer.calls) == 1:  # the second trial: another process closes it meanwhile
            with storage.opened_study(SEARCH, str(tmp_path / "trials"), "mine") as study:
                study.tell(1, state=optuna.trial.TrialState.FAIL)
        return trainer(settings, **options)

    monkeypatch.setattr(find, "train_networks", stand_still)
    done = search(tmp_path, 4)
    assert len(done.trials) == 4
    with storage.opened_study(SEARCH, str(tmp_path / "trials"), "mine") as study:
        assert [t.state.name for t in study.trials] == ["COMPLETE", "FAIL", "COMPLETE", "COMPLETE", "COMPLETE"]


def test_workers_avoid_each_others_values_and_one_worker_has_what_it_had(trained, tmp_path, monkeypatch):
    """The values of running trials are penalised; where none is running, the trials are those without a penalty."""
    kind, asked = optuna.samplers.TPESampler, []

    def sampler(**options):
        if "seed" in options:
            asked.append(options["constant_liar"])
        return kind(**{**options, "constant_liar": False})

    trained(from_units(3))
    (tmp_path / "without").mkdir()
    with_penalty = search(tmp_path, 14)
    monkeypatch.setattr(optuna.samplers, "TPESampler", sampler)
    assert search(tmp_path / "without", 14).trials == with_penalty.trials
    assert set(asked) == {True}
