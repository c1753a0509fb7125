"""An optimiser, an update rule and a stopping rule are one new file each: they train and compare at once."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from holdfast.cli._main import main
from holdfast.core.errors import UnknownName
from holdfast.tasks.recall import Recall
from holdfast.training.loop import train_networks
from holdfast.training.optimisers import Optimiser
from holdfast.training.settings import Settings
from holdfast.training.stops import StoppingRule

OPTIMISER = '''"""Steps of one size by the sign of the gradient alone."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import optax

from holdfast.core.fields import setting
from holdfast.training.optimisers import Optimiser


@dataclass(frozen=True)
class Signed(Optimiser):
    size: float = setting(1.0, "of a step, times the learning rate", positive=True)

    def transformation(self, rate):
        def update(gradient, state, weights=None):
            return jax.tree.map(lambda g: -rate * self.size * jnp.sign(g), gradient), state

        return optax.GradientTransformation(lambda weights: optax.EmptyState(), update)
'''
RULE = '''"""Two updates by every batch."""

from dataclasses import dataclass

from holdfast.training.rules.batch import PerBatch


@dataclass(frozen=True)
class Twice(PerBatch):
    def absorbing(self, settings):
        once = super().absorbing(settings)
        return lambda learner, batch: once(once(learner, batch), batch)
'''
STOP = '''"""Training ends where the loss has not fallen for some checks."""

from dataclasses import dataclass

from holdfast.core.fields import setting
from holdfast.training.stops import StoppingRule


@dataclass(frozen=True)
class Patience(StoppingRule):
    checks: int = setting(3, "checks without a smaller loss", least=1)

    def ends(self, check):
        last = [row["loss"] for row in check.earlier][-self.checks :]
        return len(last) == self.checks and min(last) <= check.figures["loss"]
'''
FILES = {("optimisers", "signed"): OPTIMISER, ("rules", "twice"): RULE, ("stops", "patience"): STOP}
WAYS = ["--optimiser", "signed+size=0.5", "--update", "twice", "--stop", "patience+checks=2"]


@pytest.fixture
def plugged(tmp_path, monkeypatch):
    for (kind, name), text in FILES.items():
        (tmp_path / "mine" / kind).mkdir(parents=True)
        (tmp_path / "mine" / kind / f"{name}.py").write_text(text)
    monkeypatch.setenv("HOLDFAST_PLUGINS", str(tmp_path / "mine"))
    monkeypatch.chdir(tmp_path)
    yield
    for name in [name for name in sys.modules if name.startswith("holdfast_plugins.")]:
        del sys.modules[name]


def test_each_is_listed_shown_and_verified(plugged, capsys):
    for kind, name in FILES:
        assert main(["list", kind]) == 0
        assert name in capsys.readouterr().out
        assert main(["show", name, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["name"] == name
        assert main(["check-plugin", f"mine/{kind}/{name}.py"]) == 0
        capsys.readouterr()


def test_a_training_uses_all_three_keeps_them_and_goes_on(plugged, capsys):
    words = ["train", "recall", "--steps", "2", "--units", "2", "--seeds", "2", "--batch", "8", "--out", "run"]
    code = main([*words, "--budget", "4000", "--check-every", "400", *WAYS, "--json"])
    document = json.loads(capsys.readouterr().out)
    assert code == (document["solved"] < document["of"])
    kept = document["settings"]
    assert (kept["optimiser"], kept["update"], kept["stop"]) == ("signed+size=0.5", "twice", "patience+checks=2")
    assert all(seed["sequences"] < 4000 for seed in document["seeds"])
    assert json.loads(Path("run/settings.json").read_text())["optimiser"] == "signed+size=0.5"
    assert main(["train", "--resume", "run", "--json"]) == code
    assert json.loads(capsys.readouterr().out)["seeds"] == document["seeds"]


@pytest.mark.slow
def test_a_comparison_sweeps_them(plugged, capsys):
    words = ["compare", "--task", "recall", "--cells", "elman", "--lags", "2", "--units", "2", "--rates", "0.01"]
    words += ["--over", "optimiser=signed,adam,signed+size=2", "--over", "update=twice"]
    words += ["--stop", "patience+checks=1", "--budget", "2000", "--seeds", "2", "--workers", "1", "--json"]
    assert main(words) == 0
    document = json.loads(capsys.readouterr().out)
    assert [p["optimiser"] for p in document["points"]] == ["signed"] * 2 + ["adam"] * 2 + ["signed+size=2"] * 2
    assert {p["update"] for p in document["points"]} == {"twice"}
    assert len({p["configuration"] for p in document["points"]}) == 3
    assert [line["optimiser"] for line in document["summary"]] == ["signed", "adam", "signed+size=2"]
    assert main(["compare", "--study", document["study"], "--report"]) == 0
    assert "optimiser" in capsys.readouterr().out


def test_objects_of_a_callers_own_train_too_and_are_missed_where_only_their_name_is_known():
    class Mine(Optimiser):
        def transformation(self, rate):
            import optax

            return optax.sgd(rate)

    class AtOnce(StoppingRule):
        def ends(self, check):
            return True

    settings = Settings(Recall(steps=2), "elman", 2, optimiser=Mine(), stop=AtOnce(), budget=4000, seeds=1)
    (outcome,) = train_networks(settings).outcomes
    assert outcome.sequences < 2000
    with pytest.raises(Exception, match="there is no optimiser named 'mine'") as caught:
        Settings.from_json(settings.as_json())
    assert isinstance(caught.value.__cause__, UnknownName)
