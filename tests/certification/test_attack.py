"""The short attack finds the worst row where it is known, which sampling does not, and the same with the same seed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from holdfast.certification.attack import SEQUENCES, attack
from holdfast.certification.refute import refute
from holdfast.core.task import Task
from holdfast.engine.network import Network, create
from holdfast.tasks.echo import Echo
from holdfast.tasks.recall import Recall
from holdfast.training.figures import measured
from holdfast.training.judge import judge

pytestmark = pytest.mark.usefixtures("quick_to_compile")

TASK, KEEPS, SMALL = Recall(steps=6), 0.5, 1e-3


def leaky() -> Network:
    """One tanh unit, nearly linear: y = x_6 / 0.5^5 + ... + x_2 / 0.5 + x_1, where x_1 is right."""
    network = create("elman", 1, 1, 1)
    layer = dict(network.layers[0])
    gate = network.cell.gates[0]
    layer["x"] = layer["x"].put(gate, np.full((1, 1), SMALL, np.float32))
    layer["h"] = layer["h"].put(gate, np.full((1, 1), KEEPS, np.float32))
    readout = np.full((1, 1), 1 / (SMALL * KEEPS ** (TASK.steps - 1)), np.float32)
    return Network((layer,), network.readout.put("y", readout), "elman")


def beats_sampling(found: float) -> None:
    """The law of the figure: it is the error of the worst corner, known from the weights."""
    worst = sum(KEEPS**-t for t in range(1, TASK.steps))
    assert 0.999 * worst < found < 1.001 * worst


def sampled(network: Network, task: Task, seed: int) -> float:
    """An offender: the figure of sampled rows under the attack's name."""
    return measured(network, task, seed, 2560)["error_sup"]


def test_the_worst_row_is_found_where_it_is_known():
    found = attack(leaky(), TASK, 0)
    assert found is not None
    beats_sampling(found)


def test_a_sampled_figure_in_its_place_is_caught():
    with pytest.raises(AssertionError):
        beats_sampling(sampled(leaky(), TASK, 0))


def test_refute_finds_the_same_with_the_same_seed():
    found = [
        refute(leaky(), TASK.scenario(), TASK.lengths(), math.inf, seed=seed, tries=SEQUENCES).error for seed in (3, 3)
    ]
    assert found == [attack(leaky(), TASK, 3)] * 2


def test_only_rows_of_the_tasks_own_length_are_attacked():
    network, one = leaky(), Recall(steps=1)
    after_one = attack(network, one, 0)
    assert after_one == pytest.approx(KEEPS**-5 - 1, rel=1e-3)
    long = refute(network, TASK.scenario(), TASK.lengths(), math.inf, tries=SEQUENCES)
    assert len(long.inputs) == TASK.steps


def test_of_symbols_it_is_how_far_a_wrong_one_leads():
    task = Echo(lag=6, symbols=4)
    found = attack(create("elman", task.inputs, 2, task.outputs), task, 0)  # all weights zero: all symbols are equal
    assert found == 0


def test_a_task_that_describes_no_rows_is_not_attacked(monkeypatch):
    monkeypatch.setattr(Recall, "scenario", Task.scenario)
    assert attack(leaky(), TASK, 0) is None


def test_a_test_tells_the_sampled_error_from_that_of_the_attack():
    judged = judge(leaky(), [TASK], sequences=256, attack=attack)
    (line,) = judged.as_json()["lengths"]
    beats_sampling(line["error_attack"])
    assert line["error_sup"] < line["error_attack"]
    assert line["margin_attack"] is None
    table, text = judged.parts()
    assert table.heads[1:3] == ("largest error (sampled)", "largest error (attack)")
    assert table.rows[0][2] == f"{line['error_attack']:.3g}"
    assert text.text.startswith("Solved (largest error below 0.05 on 256 fresh sequences): no.")
