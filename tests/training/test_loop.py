"""Many networks at once: interruption and resumption to the same bits, NaN, threads, run folders."""

import json
import time
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from filelock import FileLock

from holdfast.core.errors import BadFile, BadRun
from holdfast.core.results import Table
from holdfast.studies import describe
from holdfast.tasks.echo import Echo
from holdfast.tasks.recall import Recall
from holdfast.training import loop, programs
from holdfast.training.judge import judge
from holdfast.training.loop import train_networks
from holdfast.training.run import read_settings
from holdfast.training.settings import Settings

TASK = Recall(steps=3, tolerance=0.2)
SETTINGS = Settings(TASK, "gru", 4, budget=4000, check_every=1000, seeds=3, batch=8)


@pytest.fixture(scope="module")
def whole():
    return train_networks(SETTINGS)


def same_bits(one, other):
    for number, network in one.networks.items():
        for a, b in zip(jax.tree.leaves(network), jax.tree.leaves(other.networks[number]), strict=True):
            assert np.array_equal(np.asarray(a), np.asarray(b)), f"network {number} differs"
    assert one.outcomes == other.outcomes
    assert one.history == other.history


class Interrupt:
    """A watcher that presses Ctrl-C once, when so many pieces have been told."""

    def __init__(self, after):
        self.left = after

    def __call__(self, progress):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.fixture
def cut(tmp_path, monkeypatch):
    """A run that was interrupted between two checks, in pieces of one batch that take their time."""
    learn = programs.Programs.learn

    def slowly(self, learner, batches):
        time.sleep(0.02)
        return learn(self, learner, batches)

    with monkeypatch.context() as patch:
        patch.setattr("holdfast.training.block.PIECE_SECONDS", 1e-9)
        patch.setattr(programs.Programs, "learn", slowly)
        done = train_networks(SETTINGS, out=tmp_path / "run", threads=1, watch=Interrupt(1))
    assert done.interrupted
    return done


def test_the_same_settings_give_the_same_bits_on_one_thread_and_on_two(whole):
    same_bits(whole, train_networks(SETTINGS, threads=1))


def test_another_seed_gives_other_networks(whole):
    other = train_networks(Settings(**{**SETTINGS.__dict__, "seed": 1, "budget": 800}))
    assert not np.array_equal(other.networks[0].readout.matrix, whole.networks[0].readout.matrix)


def test_an_interrupted_run_resumes_to_the_same_bits(whole, cut, tmp_path):
    assert any(o.verdict == "interrupted" for o in cut.outcomes)
    assert json.loads((tmp_path / "run" / "result.json").read_text())["interrupted"]
    resumed = train_networks(read_settings(tmp_path / "run"), out=tmp_path / "run")
    assert not resumed.interrupted
    same_bits(whole, resumed)


def test_how_a_run_is_cut_into_pieces_changes_no_bit(whole, monkeypatch):
    monkeypatch.setattr("holdfast.training.block.PIECE_SECONDS", 1e-4)
    same_bits(whole, train_networks(SETTINGS))


def test_a_lost_bit_in_a_checkpoint_would_be_seen(whole, cut, tmp_path, monkeypatch):
    """The planted fault for the test above: a resume that forgets the optimiser's state."""
    fill = loop.Run.load_block

    def forgetful(self, index, made, numbers):
        block = fill(self, index, made, numbers)
        if block and not block.done and block.drawn:
            fresh = made.begin(numbers)
            block.learner = replace(block.learner, optimiser=fresh.optimiser)
        return block

    monkeypatch.setattr(loop.Run, "load_block", forgetful)
    with pytest.raises(AssertionError):
        same_bits(whole, train_networks(SETTINGS, out=tmp_path / "run"))


def test_a_nan_is_a_verdict_and_the_others_go_on(whole, monkeypatch):
    begin = programs.Programs.begin

    monkeypatch.setattr(programs.Programs, "begin", lambda self, numbers: _poison(begin(self, numbers), numbers))
    done = train_networks(SETTINGS)
    assert [o.verdict for o in done.outcomes][1] == "nan"
    assert done.outcomes[0] == whole.outcomes[0]
    assert done.outcomes[2] == whole.outcomes[2]
    seeds = done.as_json()["seeds"]
    assert seeds[1]["loss"] is None
    json.dumps(done.as_json(), allow_nan=False)


def _poison(learner, numbers):
    if numbers != [1]:
        return learner
    from dataclasses import replace

    return replace(learner, network=jax.tree.map(lambda a: a * jnp.nan, learner.network))


def test_a_rate_that_blows_up_ends_as_nan():
    done = train_networks(Settings(TASK, "elman", 4, learning_rate=1e38, clip=None, budget=400, seeds=1))
    assert done.outcomes[0].verdict == "nan"


def test_the_run_folder_holds_settings_history_weights_and_result(whole, tmp_path):
    done = train_networks(SETTINGS, out=str(tmp_path / "run"))
    same_bits(whole, done)
    folder = tmp_path / "run"
    result = json.loads((folder / "result.json").read_text())
    assert result == json.loads(json.dumps(done.as_json()))
    assert [s["seed"] for s in result["seeds"]] == [0, 1, 2]
    assert (folder / "history.csv").read_text().startswith("seed,sequences,loss,error_sup,accuracy\n0,1000,")
    from holdfast.engine.files import load

    network, origin = load(done.weights[2])
    assert origin["network"] == 2
    assert np.array_equal(network.readout.matrix, done.networks[2].readout.matrix)


def test_a_finished_run_is_not_trained_again(whole, tmp_path):
    train_networks(SETTINGS, out=tmp_path / "run")
    told = []
    same_bits(whole, train_networks(SETTINGS, out=tmp_path / "run", watch=told.append))
    assert told[-1].sequences_per_second == 0


def test_two_processes_cannot_write_one_run(tmp_path):
    (tmp_path / "run").mkdir()
    with FileLock(tmp_path / "run" / "lock"), pytest.raises(BadRun, match="another process is writing"):
        train_networks(SETTINGS, out=tmp_path / "run")


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(BadRun, match="cannot create the run folder"):
        train_networks(SETTINGS, out=tmp_path / "run")


def test_a_full_disk_is_told_and_what_was_stored_stays(cut, tmp_path, monkeypatch):
    import errno
    import os

    kept = {p: p.read_bytes() for p in (tmp_path / "run" / "blocks").iterdir()}
    real = os.fsync

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadRun, match="No space left on device"):
        train_networks(SETTINGS, out=tmp_path / "run")
    monkeypatch.setattr(os, "fsync", real)
    assert {p: p.read_bytes() for p in (tmp_path / "run" / "blocks").iterdir()} == kept


def test_a_truncated_checkpoint_is_named(tmp_path):
    train_networks(SETTINGS, out=tmp_path / "run")
    path = tmp_path / "run" / "blocks" / "001.safetensors"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(BadFile, match=r"001\.safetensors cannot be read"):
        train_networks(SETTINGS, out=tmp_path / "run")


@pytest.mark.parametrize("content", ["", "{}", '{"format": "other"}', "[1]"])
def test_a_foreign_folder_is_no_run(tmp_path, content):
    (tmp_path / "settings.json").write_text(content)
    with pytest.raises(BadFile, match="has no run that can be resumed"):
        read_settings(tmp_path)


def test_without_a_stop_the_whole_budget_is_spent():
    done = train_networks(
        Settings(Echo(sequences=(("a", "b"), ("b", "a"))), units=2, budget=200, seeds=2, stop="budget")
    )
    assert [o.sequences for o in done.outcomes] == [200, 200]


def test_a_solved_network_is_good_on_rows_that_no_training_draws(whole):
    """The criterion was met at 0.2 on the run's own test rows; on others it cannot be far off."""
    assert whole.rate.solved == 3
    figures = judge(whole.networks[0], [TASK], seed=9).lines[0][1]
    assert figures["error_sup"] < 0.25
    assert figures["error_rms"] < 0.1


def test_a_stored_run_is_shown_as_the_training_was(whole, tmp_path):
    nan = float("nan")
    outcomes = (*whole.outcomes, replace(whole.outcomes[0], seed=3, verdict="nan", loss=nan, error_sup=nan))
    done = replace(whole, outcomes=outcomes)
    (tmp_path / "result.json").write_text(json.dumps(done.as_json()))
    description = describe.run(tmp_path)
    document, parts = description.as_json(), description.parts()
    assert document == json.loads(json.dumps(done.as_json()))
    table = next(part for part in done.parts() if isinstance(part, Table))
    assert parts[0] == replace(table, title="recall, gru")
    assert table.rows[-1][1:] == ("nan", f"{outcomes[0].sequences:,}", "nan", "nan")
    assert parts[1].text == f"Solved: {done.rate}. Criterion: {TASK.criterion}."


def test_one_network_of_a_block_is_that_of_all(whole):
    made = programs.programs(SETTINGS)
    block = loop.Block([4, 7], made.begin([4, 7]))
    for number, network in zip(block.numbers, block.networks(), strict=True):
        jax.tree.map(np.testing.assert_array_equal, block.network(number), network)


def test_groups_cover_every_network_once():
    for seeds in (1, 2, 7, 8, 9, 10, 64, 255, 256, 257, 1000):
        groups = loop.grouped(seeds)
        assert [n for group in groups for n in group] == list(range(seeds))
        assert max(map(len, groups)) <= loop.WIDEST
