"""The demonstration in the page: network by network what ``holdfast demo`` trains, from the same first weights, and a
worker that does it away from the page."""

from __future__ import annotations

import itertools

import pytest

from holdfast.demonstration.demonstrate import SEQUENCES
from holdfast.tasks.echo import Echo
from holdfast.training.learner import first_networks
from holdfast.training.loop import train_networks
from holdfast.training.settings import Settings
from tests.report.laboratory import broken, document, in_page

EPOCHS, NETWORKS = 120, 16
TRAIN = """
  const trainer = ENGINE.makeTrainer({ ...given.settings, networks: given.weights.length }, given.weights);
  for (let n = 0; n < given.epochs; n++) trainer.epoch();
  return trainer.state();
"""


def settings_of(update: str) -> Settings:
    """Those of ``holdfast demo``, for more or fewer networks and epochs."""
    count = EPOCHS * len(SEQUENCES)
    return Settings(
        Echo(sequences=SEQUENCES),
        "lstm",
        20,
        initialisation="keras",
        update=update,
        learning_rate=0.005,
        clip=None,
        budget=count,
        check_every=count,
        seeds=NETWORKS,
        stop="budget",
    )


@pytest.fixture(scope="module", params=["step", "sequence"])
def trained_here(request):
    settings = settings_of(request.param)
    first = [document(network) for network in first_networks(settings, list(range(NETWORKS)))]
    return request.param, first, train_networks(settings, threads=1).outcomes


def in_the_page(blank, update, first, script=None, dtype="float64"):
    settings = {"sequences": SEQUENCES, "update": update, "learning_rate": 0.005, "dtype": dtype}
    return in_page(blank, TRAIN, {"settings": settings, "weights": first, "epochs": EPOCHS}, script)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_same_first_weights_have_the_same_success(trained_here, dtype, blank):
    update, first, outcomes = trained_here
    state = in_the_page(blank, update, first, dtype=dtype)
    assert state["solved"] == [int(outcome.solved) for outcome in outcomes]
    assert sum(state["solved"]) > 0
    assert state["loss"] == pytest.approx([outcome.loss for outcome in outcomes], rel=1e-3)
    assert state["epoch"] == EPOCHS
    assert state["updates"] == EPOCHS * (8 if update == "step" else 2)


def test_a_state_that_is_not_handed_on_is_noticed(trained_here, blank):
    update, first, outcomes = trained_here
    script = broken("V.copyWithin(to, base + after, base + after + length);", "")
    state = in_the_page(blank, update, first, script)
    assert state["loss"] != pytest.approx([outcome.loss for outcome in outcomes], rel=1e-3)


WORK = """async ([script, messages, until]) => {
  const worker = new Worker(URL.createObjectURL(new Blob([script, "ENGINE.work();"])));
  const heard = [];
  await new Promise((resolve) => {
    worker.onmessage = ({ data }) => {
      heard.push({ ...data, heard_ms: performance.now() });
      if (messages.length && data.told === "progress") worker.postMessage(messages.shift());
      if (new Function("data", "heard", `return ${until}`)(data, heard)) resolve();
    };
    worker.postMessage(messages.shift());
  });
  worker.terminate();
  const plain = (value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
  return heard.map((data) => Object.fromEntries(Object.entries(data).map(([k, v]) => [k, plain(v)])));
}"""


def work(blank, messages, until):
    from holdfast.laboratory.javascript import engine_script

    return blank.evaluate(WORK, [engine_script(), messages, until])


def test_a_worker_trains_until_every_step_is_right(blank):
    begin = {"act": "begin", "id": 7, "settings": {"networks": 4, "learning_rate": 0.02, "seed": 1}}
    heard = work(blank, [begin, {"act": "play", "id": 7}], "data.told === 'progress' && data.rate.solved === 4")
    assert (heard[0]["told"], heard[0]["parameters"]) == ("ready", 2185)
    assert {data["id"] for data in heard} == {7}
    last = heard[-1]
    assert last["solved"] == [1, 1, 1, 1]
    assert len(last["gradient"]) == 4
    assert len(last["weights"]["readout"]["bias"]) == 5
    updates = [data["updates"] for data in heard if data["told"] == "progress"]
    assert updates == sorted(updates)
    assert updates[0] == 0


def test_a_worker_tells_what_is_wrong_and_stops_at_a_diverging_rate(blank):
    wrong = {"act": "begin", "id": 1, "settings": {"units": 0}}
    (told,) = work(blank, [wrong], "data.told === 'problem'")
    assert told["text"] == "units is 0: take a whole number from 1 to 128."
    begin = {"act": "begin", "id": 2, "settings": {"networks": 2, "learning_rate": 1000, "optimiser": "sgd"}}
    heard = work(blank, [begin, {"act": "play", "id": 2}], "data.told === 'problem'")
    assert heard[-1]["text"].startswith(
        "The loss of 2 of 2 networks has grown past every bound: the learning rate 1000"
    )


def test_a_worker_goes_at_the_pace_that_is_asked_for(blank):
    """20 epochs a second: two or fewer between two reports, and 10 in no less than half a second."""
    begin = {"act": "begin", "id": 3, "settings": {"networks": 1}}
    play = {"act": "play", "id": 3, "epochs_per_second": 20}
    heard = [data for data in work(blank, [begin, play], "data.epoch >= 10") if data["told"] == "progress"]
    assert max(after["epoch"] - before["epoch"] for before, after in itertools.pairwise(heard)) <= 2
    assert heard[-1]["heard_ms"] - heard[0]["heard_ms"] > 450
