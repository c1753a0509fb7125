"""The parts of the page's engine: cotangents of words, tasks, first weights, rates, reading, and what is refused."""

from __future__ import annotations

from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast import alphabet, cells
from holdfast.core import splits
from holdfast.core.losses import mean_loss
from holdfast.core.rates import Rate
from holdfast.core.sequences import alphabet as alphabet_of
from holdfast.engine.initialise import build
from holdfast.engine.reach import reach
from holdfast.engine.unroll import trace, unroll
from holdfast.laboratory.javascript import functions
from holdfast.laboratory.stages import cotangents
from holdfast.plugins.word_laws import STEP, drawn
from holdfast.tasks.echo import Echo
from holdfast.tasks.parity import Parity
from holdfast.tasks.recall import Recall
from tests.networks import ONE_OF_EVERY_KIND, random_network
from tests.report.laboratory import SEQUENCES, broken, document, in_page

TASK = Echo(sequences=SEQUENCES)
COTANGENTS = """([text, operands, sizes, result, along]) => {
  const call = new Function("operands", "sizes", "y", "dy", "to", text);
  return operands.map((given, n) => {
    const to = given.map((operand) => new Float64Array(operand.length));
    call(given, sizes, result[n], along[n], to);
    return to.map((array) => Array.from(array));
  });
}"""


def cotangent_script(word, operands: int) -> str:
    """A function body that adds the cotangents of all operands of one draw to ``to``."""
    names = [f"operands[{n}]" for n in range(operands)]
    lines = [functions()]
    for n, template in enumerate(cotangents(word, operands)):
        if word.axes is not None:
            lines.append("{" + template.format(*names, d="dy", y="y", to=f"to[{n}]") + "}")
        else:
            value = template.format(*(f"{name}[0]" for name in names), d="dy[0]", y="y[0]")
            lines.append(f"to[{n}][0] += {value};")
    return "\n".join(lines)


def cotangents_in_page(blank, word, text: str) -> list[np.ndarray]:
    """The slope of sum(along * word) in every operand, [draw, *axes], and by finite differences of the reference."""
    operands = [operand[:8] for operand in drawn(word, 9)]
    result = word.reference(*operands)
    along = np.random.default_rng(3).normal(size=result.shape)
    rows = [[np.ravel(operand[n]).tolist() for operand in operands] for n in range(8)]
    sizes = [list(operand.shape[1:]) for operand in operands]
    flat = [[np.ravel(a[n]).tolist() for n in range(8)] for a in (result, along)]
    found = blank.evaluate(COTANGENTS, [text, rows, sizes, *flat])
    theirs = [np.asarray([row[n] for row in found]) for n in range(len(operands))]
    return [
        np.stack([of_page, _differences(word, operands, n, along).reshape(of_page.shape)])
        for n, of_page in enumerate(theirs)
    ]


def _differences(word, operands, place, along) -> np.ndarray:
    found = np.zeros((8, prod(operands[place].shape[1:])))
    for number in range(found.shape[1]):
        by = np.zeros(found.shape[1])
        by[number] = STEP * 100

        def at(times: int, by=by) -> np.ndarray:
            moved = operands[place] + times * by.reshape(operands[place].shape[1:])
            value = word.reference(*(moved if n == place else o for n, o in enumerate(operands)))
            return (value * along).reshape(8, -1).sum(1)

        found[:, number] = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * STEP * 100)
    return found


def test_every_cotangent_in_javascript_is_the_slope(blank):
    for name in alphabet.FOLDER.names():
        word = alphabet.get(name)
        for ours, wanted in cotangents_in_page(blank, word, cotangent_script(word, len(drawn(word, 9)))):
            np.testing.assert_allclose(ours, wanted, rtol=1e-7, atol=1e-7, err_msg=name)


@pytest.mark.parametrize(
    ("name", "before", "after"), [("rotate", "cosine - ", "cosine + "), ("share", "(1 - y[0])", "1")]
)
def test_a_wrong_cotangent_is_noticed(name, before, after, blank):
    word = alphabet.get(name)
    text = cotangent_script(word, 2)
    assert before in text
    found = cotangents_in_page(blank, word, text.replace(before, after))
    assert max(float(np.abs(ours - wanted).max()) for ours, wanted in found) > 1e-3


def test_rates_have_our_interval(blank):
    pairs = [(0, 0), (0, 7), (7, 7), (9, 10), (38, 64)]
    found = in_page(blank, "return given.map(([solved, of]) => ENGINE.rate(solved, of));", pairs)
    for (solved, of), rate in zip(pairs, found, strict=True):
        np.testing.assert_allclose((rate["low"], rate["high"]), Rate(solved, of).interval, rtol=1e-14)


@pytest.mark.parametrize("task", [Recall(7, position=2), Echo(lag=8), Parity(9), TASK])
def test_rows_are_right_and_test_rows_are_apart(task, blank):
    """Targets are those of our oracle; rows of either half belong to it in our own reckoning."""
    sizes: dict[str, Any] = {"recall": {"steps": 7, "position": 2}, "parity": {"steps": 9}, "echo": {"lag": 8}}
    settings = {"task": task.name, **sizes[task.name]} if task is not TASK else {"sequences": SEQUENCES}
    act = "return [false, true].map((test) => ENGINE.rowsOf(given, 3, 20, test));"
    halves = in_page(blank, act, settings)
    for test, rows in enumerate(halves):
        for row in rows:
            inputs, targets = (np.reshape(row[part], (task.longest, -1)) for part in ("inputs", "targets"))
            scored = np.array(row["scored"], bool)
            np.testing.assert_array_equal(targets[scored], task.oracle(inputs)[scored])
            if task is not TASK:
                assert scored[-1]
                assert scored.sum() == task.longest - task.asked_from
                assert _half_of(task, inputs) == test
    assert len(halves[0]) == (2 if task is TASK else 20)


def _half_of(task, inputs: np.ndarray) -> int:
    if isinstance(task, Recall):
        (half,) = set((inputs.astype(np.float32).view(np.uint32) & 1).ravel().tolist())
        return half
    symbols = inputs.argmax(1)[1:] - 2 if isinstance(task, Echo) else inputs.argmax(1)
    return int(splits.half(jnp.asarray(symbols)))


def test_symbols_are_in_our_order(blank):
    sequences = [["b", "10", "9", "a"], ["-1", "B", "1e1", "ä"]]
    found = in_page(blank, "return ENGINE.taskOf(given).inputNames;", {"sequences": sequences})
    assert tuple(found) == alphabet_of([tuple(s) for s in sequences])


FIRST = """
  const trainer = ENGINE.makeTrainer({ ...given, networks: 1, update: "sequence" });
  return trainer.weights(0);
"""


@pytest.mark.parametrize("cell", ["lstm", "gru", "mlstm", "slstm", "rwkv7", "retnet", "mamba", "s5", "irnn"])
@pytest.mark.parametrize("framework", ["keras", "pytorch"])
def test_first_weights_are_as_ours(cell, framework, blank):
    """Zeros, ones and other weights that are not drawn are equal; drawn ones have the same spread."""
    how = {"lstm": "+chrono=50", "irnn": "+identity", "gru": "+orthogonal"}.get(cell, "")
    settings = {"cell": cell, "units": 12, "sequences": SEQUENCES, "initialisation": framework + how}
    theirs = in_page(blank, FIRST, settings)
    sizes: dict[str, Any] = {"inputs": TASK.inputs, "units": 12, "outputs": TASK.outputs}
    ours = [document(build(cell, **sizes, initialisation=framework + how, seed=n)) for n in range(8)]
    for source, drawn_here in theirs["layers"][0].items():
        for part in ("matrix", "bias"):
            if drawn_here[part]:
                _is_alike(drawn_here[part], [one["layers"][0][source][part] for one in ours], f"{source} {part}")
    for part in ("matrix", "bias"):
        _is_alike(theirs["readout"][part], [one["readout"][part] for one in ours], f"read-out {part}")


def _is_alike(theirs: list[float], ours: list[list[float]], what: str) -> None:
    ours_of_all = np.array(ours)
    fixed = ours_of_all.std(0) < 1e-7
    np.testing.assert_allclose(np.array(theirs)[fixed], ours_of_all[0][fixed], rtol=1e-6, atol=1e-7, err_msg=what)
    if (~fixed).sum() >= 20:  # a standard deviation, and the reach of the distribution
        spread = ours_of_all[:, ~fixed]
        assert np.std(np.array(theirs)[~fixed]) == pytest.approx(spread.std(), rel=0.35), what
        assert np.abs(np.array(theirs)[~fixed]).max() < 1.4 * np.abs(spread).max(), what


def test_recurrent_matrices_are_orthogonal(blank):
    settings = {"units": 6, "sequences": SEQUENCES}
    for text, columns in (("keras", slice(None)), ("pytorch+orthogonal", slice(6, 12))):
        linear = in_page(blank, FIRST, {**settings, "initialisation": text})["layers"][0]["h"]
        matrix = np.reshape(linear["matrix"], (6, 24))[:, columns]
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(6), atol=1e-12)


READ = """
  const { settings, weights, inputs, steps } = given;
  return ENGINE.read(settings, weights, Float64Array.from(inputs), steps, { preactivations: true });
"""


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("cell", [*ONE_OF_EVERY_KIND, "gru"])
def test_reading_gives_our_gates_and_states_past_the_trained_length(cell, blank):
    network = random_network(cell, TASK.inputs, outputs=TASK.outputs, layers=2)
    inputs = np.random.default_rng(2).normal(size=(1, 12, TASK.inputs))
    settings = {"cell": cell, "units": network.units, "heads": network.heads, "layers": 2, "sequences": SEQUENCES}
    given = {"settings": settings, "weights": document(network), "inputs": inputs.ravel().tolist(), "steps": 12}
    found, ours = in_page(blank, READ, given), trace(network, jnp.asarray(inputs))
    np.testing.assert_allclose(found["outputs"], np.ravel(ours.outputs), rtol=1e-11, atol=1e-12)
    for depth, layer in enumerate(found["layers"]):
        for kind, named in (("gates", ours.gates[depth]), ("states", ours.states[depth])):
            assert set(layer[kind]) == set(named._fields)
            for name, values in layer[kind].items():
                np.testing.assert_allclose(values, np.ravel(getattr(named, name)), rtol=1e-11, atol=1e-12)
    if cell == "lstm":  # what the maps add up to is what the gate is the sigmoid of
        parts = {name: np.array(values) for name, values in found["layers"][1]["parts"]["forget"].items()}
        forget = np.array(found["layers"][1]["gates"]["forget"])
        np.testing.assert_allclose(1 / (1 + np.exp(-(parts["x"] + parts["h"] + parts["bias"]))), forget, rtol=1e-12)


@pytest.mark.usefixtures("float64")
def test_reading_on_is_reading_at_once_and_separate_weights_end(blank):
    network = random_network("lstm", TASK.inputs, outputs=TASK.outputs, steps=4)
    act = """
      const { settings, weights, inputs } = given;
      const all = Float64Array.from(inputs);
      const whole = ENGINE.read(settings, weights, all, 6);
      const part = ENGINE.read(settings, weights, all, 2);
      const rest = ENGINE.read(settings, weights, all.subarray(2 * 5), 2, { start: part.end, first: 2 });
      return [whole, rest].map((trace) => [trace.stops, trace.outputs, trace.end]);
    """
    inputs = np.random.default_rng(2).normal(size=(6, 5)).ravel().tolist()
    settings = {"units": network.units, "sequences": SEQUENCES, "separate_weights": True}
    whole, rest = in_page(blank, act, {"settings": settings, "weights": document(network), "inputs": inputs})
    assert whole[0] == 4
    assert rest[0] is None
    assert rest[1] == whole[1][10:20]
    assert rest[2] == whole[2]
    assert all(value is None for value in whole[1][20:]) or np.isnan(np.array(whole[1][20:], float)).all()


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("update", ["sequence", "step"])
def test_the_gradient_over_distance_is_ours(update, blank):
    network = random_network("lstm", TASK.inputs, outputs=TASK.outputs, layers=2)
    act = "return ENGINE.makeTrainer(given.settings, given.weights).gradient_over_distance(0);"
    settings = {"units": network.units, "layers": 2, "sequences": SEQUENCES, "networks": 1, "update": update}
    found = in_page(blank, act, {"settings": settings, "weights": document(network)})
    rows = TASK.examples()
    assert rows is not None
    rows = rows.take(slice(0, 1)).arrays()
    last = jnp.arange(4) == 3

    def loss(outputs):
        return mean_loss(TASK.loss, outputs, rows.targets, last[None])

    states = jax.tree.leaves(jax.jit(lambda inputs: reach(network, loss, inputs).states)(rows.inputs))
    squares = sum(np.square(np.asarray(leaf)).reshape(4, -1).sum(1) for leaf in states)
    wanted = np.sqrt(squares)[:0:-1] if update == "sequence" else np.zeros(3)
    np.testing.assert_allclose(found[1:], wanted, rtol=1e-10)
    assert found[0] > 0


@pytest.mark.usefixtures("float64")
def test_exchanging_the_states_of_a_unit_is_ours(blank):
    """A unit's share, with states of both layers exchanged before step 3 of 4."""
    network = random_network("lstm", TASK.inputs, outputs=TASK.outputs, layers=2)
    act = "const rows = ENGINE.rowsOf(given.settings); return ENGINE.exchange(given.settings, given.weights, rows, 2);"
    sequences = (("3", "0", "1", "2", "3"), ("4", "0", "1", "2", "4"))
    settings = {"units": network.units, "layers": 2, "sequences": sequences}
    found = in_page(blank, act, {"settings": settings, "weights": document(network)})
    rows = Echo(sequences=sequences).examples()
    assert rows is not None
    _, states = unroll(network, rows.inputs[:, :2])
    own, other = (jax.tree.map(lambda a, n=n: a[n : n + 1], states) for n in (0, 1))
    answer = jax.jit(lambda state: unroll(network, rows.inputs[:1, 2:], state)[0][0, -1])
    before = answer(own)
    moved = [
        float(jnp.linalg.norm(answer(jax.tree.map(lambda a, b, u=u: a.at[:, u].set(b[:, u]), own, other)) - before))
        for u in range(network.units)
    ]
    np.testing.assert_allclose(found, np.array(moved) / float(jnp.linalg.norm(answer(other) - before)), rtol=1e-9)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, ""),
        ({"sequences": [["A", "B", "C"]]}, "One sequence is not enough"),
        ({"sequences": []}, "One sequence is not enough"),
        ({"sequences": [["A", "B", "C"], ["A", "B", "D"]]}, "Sequences 1 and 2 contradict each other: after A,B"),
        ({"sequences": [["A"], ["B", "C"]]}, "Sequence 1 has too few symbols (1)"),
        ({"sequences": [["A", " "], ["B", "C"]]}, "Sequence 1 has an empty symbol"),
        ({"task": "recall", "steps": 10**6}, "steps is 1000000: take a whole number from 1 to 1000."),
        ({"task": "recall", "position": 11}, "position is 11: take a whole number from 1 to 10."),
        ({"task": "echo", "lag": 2}, "There are only 3 different rows"),
        ({"task": "parity", "steps": 3}, "There are only 8 different rows"),
        ({"task": "toString"}, "task is 'toString': take sequences, echo, recall or parity."),
        ({"cell": "constructor"}, "cell is 'constructor': take"),
        ({"units": 2.5}, "units is 2.5: take a whole number from 1 to 128."),
        ({"learning_rate": 0}, "The learning rate is 0: take a number above 0"),
        ({"learning_rate": "fast"}, "The learning rate is 'fast'"),
        ({"initialisation": "he"}, "The initialisation is 'he'; take keras or pytorch."),
        ({"initialisation": "keras+warm"}, "The initialisation has '+warm'"),
        ({"task": "recall", "steps": 1000, "units": 128, "update": "batch"}, "This is too large"),
        ({"units": 128, "layers": 2, "networks": 256}, "This is too large"),
        ({"units": 32, "task": "recall", "steps": 200}, ""),
        ({"sequences": [None, ["A", "B"]]}, "The sequences are not lists of symbols"),
        ({"sequences": [[1, 2], [3, 2]]}, "The sequences are not lists of symbols"),
        ({"learning_rate": "0.1"}, "The learning rate is '0.1'"),
        ({"forget_bias": "much"}, "The forget bias is 'much'"),
        ({"batch": 0}, "batch is 0: take a whole number from 1 to 1024."),
        ({"heads": 3}, "heads is 3: take a divisor of 20 units."),
    ],
)
def test_wrong_settings_are_told_in_one_sentence(settings, said, blank):
    found = in_page(blank, "return ENGINE.check(given);", settings)
    assert found.startswith(said)
    assert bool(found) == bool(said)


def test_every_cell_can_be_chosen(blank):
    found = in_page(blank, "return Object.keys(ENGINE.CELLS).filter((cell) => !ENGINE.check({ cell }));", None)
    assert sorted(found) == cells.FOLDER.names()


def test_a_wrong_half_is_noticed(blank):
    script = broken("return mixed(sum) >>> 31;", "return mixed(sum) & 1;")
    rows = in_page(blank, "return ENGINE.rowsOf(given, 3, 20);", {"task": "parity", "steps": 9}, script)
    halves = {_half_of(Parity(9), np.reshape(row["inputs"], (9, 2))) for row in rows}
    assert halves == {0, 1}
