"""The search: the smallest that solves, fresh seeds decide, nothing is lost or repeated by an interrupt."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from holdfast.core.errors import BadFile, BadRun, BadValue, UnknownName
from holdfast.core.rates import Rate
from holdfast.tasks.echo import Echo
from holdfast.training.settings import Settings
from holdfast.tuning import storage, workers
from holdfast.tuning.find import tune
from holdfast.tuning.search import Search, completed
from holdfast.tuning.trial import Trial
from tests.tuning.trainer import from_units

TASK = Echo(sequences=(("a", "b"), ("b", "a")))
BASE = Settings(TASK, budget=2000, seeds=4)
SEARCH = Search(BASE, units=(1, 8), confirm=4)


def search(folder, trials, asked=SEARCH, **options):
    return tune(asked, storage=str(folder / "trials"), name="mine", trials=trials, **options)


def left_running(folder):
    with storage.opened_study(SEARCH, str(folder / "trials"), "mine") as study:
        return study.ask()


def test_the_smallest_size_that_solves_is_found_and_confirmed_on_fresh_seeds(trained, tmp_path):
    trainer = trained(from_units(3))
    done = search(tmp_path, 20)
    assert done.best.trial.values["units"] == 3
    assert done.best.fresh.rate == Rate(4, 4)
    *trials, confirmation = trainer.calls
    assert confirmation.seed not in {settings.seed for settings in trials}
    assert len({settings.seed for settings in trials}) == 20
    first_solved = next(n for n, t in enumerate(done.trials) if SEARCH.solves(t.rate))
    sizes = [t.values["units"] for t in done.trials]
    assert all(units <= sizes[first_solved] for units in sizes[first_solved:])


def test_luck_in_a_trial_does_not_make_an_answer(trained, tmp_path):
    """One unit solves in trials and never on fresh seeds: what stands is the next size, and both rates are told."""

    def rule(settings):
        return settings.seeds if settings.units >= 4 or (settings.units == 1 and settings.seeds == 4) else 0

    trained(rule)
    asked = Search(BASE, units=(1, 8), confirm=5)
    done = search(tmp_path, 12, asked)
    assert done.confirmations[0].trial.values["units"] == 1
    assert done.confirmations[0].fresh.rate == Rate(0, 5)
    if done.best:
        assert done.best.trial.values["units"] >= 4
    text = done.parts()[-1].text
    assert "0 of 5" in text


def test_a_search_that_finds_nothing_says_so(trained, tmp_path):
    trained(lambda settings: 3)
    done = search(tmp_path, 3)
    assert done.best is None
    assert done.as_json()["best"] is None
    assert "No trial solved the task" in done.parts()[-1].text


def test_an_interrupted_search_goes_on_to_the_trials_of_one_that_was_not(trained, tmp_path):
    trained(from_units(3))
    (tmp_path / "whole").mkdir()
    whole = search(tmp_path / "whole", 8)
    trained(from_units(3), interrupted_at=5)
    cut = search(tmp_path, 8)
    assert cut.interrupted
    assert len(cut.trials) == 5
    trained(from_units(3))
    resumed = search(tmp_path, 8)
    assert not resumed.interrupted
    assert resumed.trials == whole.trials


def test_a_finished_study_answers_again_without_training(trained, tmp_path):
    trained(from_units(2))
    first = search(tmp_path, 6)
    trainer = trained(from_units(2))
    assert search(tmp_path, 6).as_json() == first.as_json()
    assert trainer.calls == []


def test_the_trial_of_a_killed_process_is_tried_again(trained, tmp_path):
    trained(from_units(2))
    search(tmp_path, 2)
    trial = left_running(tmp_path)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    trial.set_user_attr(workers.WORKER, f"{workers.socket.gethostname()}:{gone.pid}")
    trial.suggest_int("layers", 1, 1)
    trial.suggest_int("units", 2, 2, log=True)
    trial.suggest_float("learning_rate", 0.0123, 0.0123, log=True)
    trial.suggest_categorical("initialisation", SEARCH.initialisations)
    trainer = trained(from_units(2))
    search(tmp_path, 3)
    assert trainer.calls[0].learning_rate == 0.0123
    assert trainer.calls[0].units == 2


def test_a_process_that_died_before_it_could_say_its_name_is_found_out(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "MARK_SECONDS", 0.1)
    trained(from_units(2))
    (tmp_path / "whole").mkdir()
    whole = search(tmp_path / "whole", 4)
    search(tmp_path, 2)
    left_running(tmp_path).suggest_int("layers", 1, 1)  # with some of its values, and no name
    left_running(tmp_path)
    assert search(tmp_path, 4).trials == whole.trials


def test_a_trial_that_runs_elsewhere_is_left_alone(trained, tmp_path):
    trained(from_units(2))
    search(tmp_path, 1)
    trial = left_running(tmp_path)
    trial.set_user_attr(workers.WORKER, f"{workers.socket.gethostname()}:{os.getpid()}")
    search(tmp_path, 2)
    with storage.opened_study(SEARCH, str(tmp_path / "trials"), "mine") as study:
        states = [t.state.name for t in study.trials]
    assert states == ["COMPLETE", "RUNNING", "COMPLETE"]


def test_half_a_line_of_a_journal_is_cut_and_the_rest_kept(trained, tmp_path):
    trained(from_units(2))
    search(tmp_path, 2)
    journal = tmp_path / "trials"
    whole = journal.read_bytes()
    journal.write_bytes(whole + whole.splitlines()[0][:20])
    assert len(search(tmp_path, 2).trials) == 2
    assert journal.read_bytes().startswith(whole)


@pytest.mark.parametrize("content", [b"SQLite format 3\x00 and more", b'{"op_code": 0}\nnonsense\n{}\n', b"[1]\n"])
def test_a_file_that_is_no_journal_is_refused_and_left_as_it_is(content, tmp_path):
    (tmp_path / "trials").write_bytes(content)
    with pytest.raises(BadFile, match="not a journal of trials: line"):
        search(tmp_path, 1)
    assert (tmp_path / "trials").read_bytes() == content


def test_a_study_with_other_settings_is_told_with_what_differs(trained, tmp_path):
    trained(from_units(2))
    search(tmp_path, 1)
    other = Search(replace(BASE, task=Echo(sequences=(("a", "b"), ("b", "c"))), budget=999), units=(1, 8), confirm=4)
    with pytest.raises(BadRun, match=r"exists with other settings: .*budget is 2000 there, not 999") as told:
        search(tmp_path, 1, other)
    assert "task sequences is" in str(told.value)


def test_a_study_of_something_else_is_refused(tmp_path):
    (tmp_path / "trials").touch()
    with storage.opened_study(SEARCH, str(tmp_path / "trials"), "mine") as study:
        study.set_user_attr(storage.SETTINGS, None)
        study.ask()
    with pytest.raises(BadRun, match="was not made by holdfast"):
        search(tmp_path, 1)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BadRun, match=r"there is no folder .*nowhere for the trials"):
        search(tmp_path / "nowhere", 1)


def test_two_trials_are_ordered_by_weights_then_sequences_and_failures_come_last():
    def tried(weights, solved, sequences, loss=0.1):
        return Trial(0, {}, weights, solved, 4, (sequences,) * solved, loss, 0).score(SEARCH)

    order = [
        tried(10, 4, 2000),
        tried(11, 4, 1),
        tried(SEARCH.most_weights, 4, 2000),
        tried(10, 3, 5, 0.1),
        tried(10, 3, 5, 0.2),
        tried(10, 1, 5, 0.0),
        tried(10, 0, 5, float("nan")),
    ]
    assert order == sorted(order)
    assert len(set(order)) == len(order)


def test_the_budget_is_the_fewest_sequences_that_show_the_success():
    fresh = Trial(0, {}, 10, 4, 4, (100, 200, 300, 4000), 0.1, 0)
    assert fresh.budget(SEARCH) == 4000
    assert fresh.budget(Search(BASE, confirm=4, success=0.2)) == 300


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"units": (4, 2)}, "--units is 4 2, expected two numbers from 1 up"),
        ({"learning_rates": (0.0, 1.0)}, "--learning-rates is 0, expected a positive number"),
        ({"learning_rates": (0.1, 1e39)}, r"--learning-rates is 1e\+39, expected a positive number of at most"),
        ({"learning_rates": (1.0, 0.1)}, "--learning-rates is 1 0.1, expected the smaller first"),
        ({"confirm": 3}, "does not establish a success rate of 50 %: at least 4 are needed"),
        ({"success": 1.0}, "--success is 1, expected a share between 0 and 1"),
        ({"layers": 0}, "--layers is 0, expected at least 1"),
        ({"initialisations": ("xavier",)}, "--initialisation starts with 'xavier'"),
    ],
)
def test_bounds_that_make_no_search_are_told(bounds, message):
    with pytest.raises(BadValue, match=message):
        Search(BASE, **bounds)


def test_update_rules_are_varied_where_they_are_named(trained, tmp_path):
    """Only one rule solves, and it is found; a rule that reads whole sequences has no batch."""
    trainer = trained(lambda settings: settings.seeds if settings.update == "step" else 0)
    asked = Search(BASE, units=(1, 4), confirm=4, updates=("sequence", "step"))
    done = search(tmp_path, 12, asked)
    assert {settings.update for settings in trainer.calls} == {"sequence", "step"}
    assert done.best.trial.values["update"] == "step"
    assert "update per sequence or step" in done.parts()[0].text
    again = search(tmp_path, 13, asked)
    assert [t.values for t in again.trials[:12]] == [t.values for t in done.trials]


def test_without_update_rules_a_search_is_what_it_was():
    stored = {name: value for name, value in SEARCH.as_json().items() if name != "updates"}
    assert completed(stored) == SEARCH.as_json()
    assert SEARCH.settings({}, 4, 0).update == BASE.update


def test_an_unknown_update_rule_is_told():
    with pytest.raises(UnknownName, match="no update rule named 'stp'"):
        Search(BASE, updates=("stp",))


def test_a_rule_without_batches_gets_none():
    drawn = Search(Settings(Echo(), seeds=4, budget=2000), confirm=4, updates=("batch", "sequence"))
    assert drawn.batches == (8, 32)
    assert drawn.settings({"update": "sequence", "batch": 8}, 4, 0).batch is None
    assert drawn.settings({"update": "batch", "batch": 8}, 4, 0).batch == 8


def test_a_cell_without_gates_is_not_given_their_initialisations():
    assert Search(replace(BASE, cell="elman")).initialisations == ("keras",)
    assert "keras+chrono" in Search(replace(BASE, cell="gru")).initialisations


def test_what_is_stored_reads_as_it_was():
    tried = Trial(3, {"units": 2}, 10, 1, 4, (7,), float("nan"), 5)
    again = Trial.from_stored(json.loads(json.dumps(tried.stored())))
    assert str(again) == str(tried)
