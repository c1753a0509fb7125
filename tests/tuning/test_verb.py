"""The command: a real search in a file and in a real PostgreSQL, its documents, its mistakes."""

import importlib.util
import json
import subprocess
import sys

import pytest

from holdfast.cli._main import main
from holdfast.tuning import find
from tests.tuning.server import PASSWORD, postgres
from tests.tuning.trainer import Trainer, from_units

ECHO = ["tune", "echo", "--sequences", "a,b", "b,a", "--units", "1", "4", "--budget", "2000"]
SMALL = [*ECHO, "--seeds", "4", "--confirm", "4", "--trials"]
KEYS = {"task", "cell", "best", "trials", "storage"}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
def test_a_real_search_finds_a_network_that_the_trainer_confirms(capsys):
    code = main([*SMALL, "2", "--learning-rates", "0.05", "0.1", "--json"])
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert set(document) >= KEYS
    assert code == (0 if document["best"] else 1), err
    assert code == 0
    assert document["best"]["solved"] >= 4
    assert document["storage"] == "holdfast-tune.journal"
    assert document["study"] == "echo-sequences=a,b b,a-lstm"
    assert len(document["trials"]) == 2


@pytest.mark.slow
def test_a_real_postgresql_keeps_the_trials_and_its_loss_is_told(capsys, monkeypatch):
    """Training is stood in for; the database is not. A wrong password and a server that is gone are messages."""
    monkeypatch.setattr(find, "train_networks", Trainer(from_units(2)))
    with postgres() as server:
        assert main([*SMALL, "4", "--storage", server.url, "--json"]) == 0
        first = json.loads(capsys.readouterr().out)
        assert PASSWORD not in json.dumps(first)
        assert "me:***@127.0.0.1" in first["storage"]
        trainer = Trainer(from_units(2))
        monkeypatch.setattr(find, "train_networks", trainer)
        assert main([*SMALL, "6", "--storage", server.url, "--json"]) == 0
        second = json.loads(capsys.readouterr().out)
        assert second["trials"][:4] == first["trials"]
        assert len(second["trials"]) == 6
        assert 2 <= len(trainer.calls) <= 2 + find.CANDIDATES
        assert main([*SMALL, "6", "--storage", server.url, "--clip", "none"]) == 2
        assert "exists with other settings: clip is 1 there, not none" in capsys.readouterr().err
        assert main([*SMALL, "6", "--storage", server.url.replace("me:", "me:x")]) == 2
        assert "password authentication failed" in capsys.readouterr().err

        def lose(settings, **options):
            server.stop()
            return Trainer(from_units(2))(settings, **options)

        monkeypatch.setattr(find, "train_networks", lose)
        assert main([*SMALL, "8", "--storage", server.url]) == 2
        told = capsys.readouterr().err
        assert "cannot be used" in told
        assert "Its trials are safe" in told
        assert "Traceback" not in told


def test_a_database_that_cannot_be_reached_is_one_message_without_the_password(capsys):
    assert main([*SMALL, "1", "--storage", "postgresql://me:secret@127.0.0.1:1/none"]) == 2
    out, err = capsys.readouterr()
    assert "the database postgresql+psycopg://me:***@127.0.0.1:1/none cannot be used" in err
    assert "secret" not in err + out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*SMALL, "0"], "--trials is 0, expected at least 1"),
        ([*SMALL, "1", "--minutes", "0"], "--minutes is 0, expected a positive number"),
        ([*SMALL, "1", "--storage", "://"], "not a valid database URL"),
        ([*SMALL, "1", "--storage", "oracles://x/y"], "the database oracles://x/y cannot be used"),
        ([*SMALL, "1", "--units", "3"], "--units: expected 2 arguments"),
        ([*SMALL, "1", "--cell", "lstn"], "Did you mean 'lstm'?"),
        ([*SMALL, "1", "--study", ""], "--study is empty"),
        (["tune", "recal"], "Did you mean 'recall'?"),
        (["tune"], "TASK"),
        (
            [*ECHO, "--seeds", "3"],
            "even 3 of 3 (100 %, 95 % interval 44-100 %) does not establish a success rate of 50 %",
        ),
    ],
)
def test_mistakes_are_one_message(words, message, capsys):
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert "Traceback" not in err
    assert out == ""


@pytest.mark.parametrize("package", ["optuna", "sqlalchemy"])
def test_a_missing_extra_is_named(package, capsys, monkeypatch):
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else there(name))
    assert main([*SMALL, "1", "--storage", "sqlite:///trials.db"]) == 2
    told = capsys.readouterr().err
    assert f"needs the package {package}, which is not installed" in told
    assert 'pip install "holdfast-rnn[tune]"' in told


def test_help_needs_neither_jax_nor_optuna(tmp_path):
    probe = (
        "import sys; from holdfast.cli._main import main\n"
        "try: main(['tune', '--help'])\nexcept SystemExit: pass\n"
        "bad = {'jax', 'optuna', 'sqlalchemy'} & set(sys.modules); sys.exit(f'imported {bad}' if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "examples:" in done.stdout
