"""The laws that every construction obeys: what a network claims of itself is so, and its weights are those told.

Each is a function of a construction and the task it is for, and raises ``AssertionError`` where it is broken;
``test_every_construction.py`` applies each to every task on every cell that does not refuse it, and to a planted
offender that it has to catch. Errors are taken in float64, against answers recomputed in float64 from the inputs as
the network reads them: how a target was rounded is not counted.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import torch

from holdfast.certification.refute import refute
from holdfast.construction.compile import Construction
from holdfast.core.errors import BadValue
from holdfast.core.scenario import Scenario
from holdfast.core.task import Task
from holdfast.engine.files import tensors
from holdfast.engine.network import Network
from holdfast.engine.unroll import unroll

LENGTHS = 8
EACH = 24
"""Rows: six ways in which their numbers run, times four for those that are to be remembered."""
EXACT = 1e-12
"""What float64 itself may be off when it stands for exact arithmetic, relative to numbers near 1."""

Run = Callable[[Network, np.ndarray], np.ndarray]


class Rows(NamedTuple):
    """Sequences of many lengths, padded with zeros. ``answers`` [row, time, output] count where ``scored``."""

    inputs: np.ndarray
    answers: np.ndarray
    scored: np.ndarray


def ours(network: Network, inputs: np.ndarray) -> np.ndarray:
    """Outputs [row, time, output] in our engine, in the network's own number format."""
    return np.asarray(_unrolled(network, jnp.asarray(inputs, network.dtype)))


def exactly(network: Network, inputs: np.ndarray) -> np.ndarray:
    """The same in float64, whatever the network's format: nearly exact arithmetic on the weights as they are."""
    return ours(jax.tree.map(lambda a: a.astype(jnp.float64), network), inputs)


@jax.jit
def _unrolled(network: Network, inputs: jax.Array) -> jax.Array:
    return unroll(network, inputs)[0]


PEERS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "elman": (torch.nn.RNN, ("candidate",)),
    "gru": (torch.nn.GRU, ("reset", "update", "candidate")),
    "irnn": (torch.nn.RNN, ("candidate",)),
    "lstm": (torch.nn.LSTM, ("input", "forget", "candidate", "output")),
}
"""PyTorch's layer of each cell, and the order in which it keeps the gates one below the other."""


def torchs(network: Network, inputs: np.ndarray) -> np.ndarray:
    """The same in PyTorch's own layer, built from the network's gates by name."""
    torch.set_num_threads(1)  # small layers: threads that wait for one another cost more than they bring
    layer, order = PEERS[network.cell_name]
    dtype = getattr(torch, str(network.dtype))
    more = {"nonlinearity": "relu"} if network.cell_name == "irnn" else {}
    peer = layer(network.inputs, network.units, batch_first=True, dtype=dtype, **more)
    with torch.no_grad():
        for source, ending in (("x", "ih"), ("h", "hh")):
            parts = [network.layers[0][source].of(gate) for gate in order]
            getattr(peer, f"weight_{ending}_l0").copy_(_tensor(np.concatenate([np.asarray(m).T for m, _ in parts])))
            biases = [np.zeros(network.units) if b is None else np.asarray(b) for _, b in parts]
            getattr(peer, f"bias_{ending}_l0").copy_(_tensor(np.concatenate(biases)))
        hidden, _ = peer(_tensor(inputs).to(dtype))
        matrix, bias = (_tensor(np.asarray(part)) for part in (network.readout.matrix, network.readout.bias))
        return (hidden @ matrix + bias).numpy()


def _tensor(values: np.ndarray) -> torch.Tensor:
    return torch.tensor(np.ascontiguousarray(values))


@cache
def rows(task: Task, dtype: str, least_steps: int = 1) -> Rows:
    """Rows of the task; the same with their numbers at the ends of their ranges; these cut down to other lengths."""
    batch = task.examples() or jax.jit(lambda key: task.sample(key, EACH, "test"))(jax.random.key(1))
    inputs, scored, present = (np.asarray(part) for part in (batch.inputs, batch.scored, batch.present))
    draw, found = np.random.default_rng(0), []
    paths = Paths(task.scenario())
    for number, here in enumerate(present):
        row = inputs[number, here].astype(dtype).astype(np.float64)
        path, asked = paths.of(row), scored[number, here]
        found.append(_judged(task, row, asked))
        idle = np.flatnonzero(path.idle & ~asked)
        least = max(len(row) - len(idle), least_steps)
        lengths = np.geomspace(least, len(row), LENGTHS).round().astype(int)
        for length in {int(lengths[number % LENGTHS]), len(row)}:
            kept = np.sort(np.delete(np.arange(len(row)), draw.permutation(idle)[: len(row) - length]))
            moved = _moved(Path(*(part[kept] for part in path)), row[kept], number, dtype, draw)
            found.append(_judged(task, moved, asked[kept]))
    parts = zip(*found, strict=True)
    return Rows(*(np.stack([_padded(part, task.longest) for part in column]) for column in parts))


def _judged(task: Task, row: np.ndarray, scored: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A row with its right outputs in float64, from the oracle of the task of its own length."""
    length = getattr(task, task.length_axis) - task.longest + len(row)
    with contextlib.suppress(BadValue):  # so short that there are too few rows to train on: its oracle is the same
        task = replace(task, **{task.length_axis: length})
    return row, task.oracle(row), scored


def _padded(part: np.ndarray, steps: int) -> np.ndarray:
    return np.pad(part, [(0, steps - len(part)), (0, 0)][: part.ndim])


class Path(NamedTuple):
    """What every input of one row may be [time, input], which are to be remembered, and which steps are idle: those
    that change none of the nodes where the row may be, and can be left out."""

    low: np.ndarray
    high: np.ndarray
    remembered: np.ndarray
    idle: np.ndarray


class Paths:
    """The ways of rows through a scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.leaving = cache(scenario.leaving)
        self.step = cache(self._step)

    def of(self, row: np.ndarray) -> Path:
        nodes, steps = frozenset({self.scenario.start}), []
        for x in row:
            *step, after = self.step(nodes, tuple(x))
            steps.append((*step, nodes == after))
            nodes = after
        return Path(*(np.array(part) for part in zip(*steps, strict=True)))

    def _step(self, nodes: frozenset[str], x: tuple[float, ...]) -> tuple[Any, ...]:
        """The range of every input and whether it is remembered, over all edges that read x, and where they lead."""
        taken = [
            (edge, box)
            for node in nodes
            for edge in self.leaving(node)
            for box in edge.boxes
            if all(a <= value <= b for a, value, b in zip(box.low, x, box.high, strict=True))
        ]
        low = [min(ends) for ends in zip(*(box.low for _, box in taken), strict=True)]
        high = [max(ends) for ends in zip(*(box.high for _, box in taken), strict=True)]
        kept = {edge.remember[0] for edge, _ in taken if edge.remember}
        return low, high, [place in kept for place in range(len(x))], frozenset(edge.target for edge, _ in taken)


def _moved(path: Path, row: np.ndarray, number: int, dtype: str, draw: np.random.Generator) -> np.ndarray:
    """Every remembered number at an end of its range, the others all low, all high, alternating, or at any end."""
    low, high = path.low.astype(dtype), path.high.astype(dtype)
    low = np.where(low < path.low, np.nextafter(low, np.inf, dtype=dtype), low)
    high = np.where(high > path.high, np.nextafter(high, -np.inf, dtype=dtype), high)
    steps, any_end = np.arange(len(row))[:, None], draw.integers(0, 2, row.shape)
    ends = np.choose(number % 6, [steps * 0, steps * 0 + 1, steps % 2, 1 - steps % 2, any_end, any_end])
    kept = np.choose(number // 6 % 4, [steps * 0, steps * 0 + 1, any_end, any_end])
    ends = np.where(path.remembered, kept, ends)
    return np.where(path.low < path.high, np.where(ends == 1, high, low), row).astype(np.float64)


def error_is_within_the_claim(made: Construction, task: Task, run: Run = ours, room: float = 0.0) -> float:
    """The largest error on every row, at most the claim; the largest for a symbol's lead, at most the budget.

    Returns the largest error found.
    """
    found = rows(task, str(made.network.dtype), made.claim.least_steps)
    outputs = run(made.network, found.inputs).astype(np.float64)
    assert np.isfinite(outputs).all(), "an output is no number"
    if made.gap is None:
        error = float(np.abs(outputs - found.answers)[found.scored].max())
        assert error <= made.claim.error + room, f"error {error:.6g}, claimed {made.claim.error:.6g}"
        return error
    lead = leads(outputs[found.scored], found.answers[found.scored].argmax(-1))
    assert lead.min() > 0, f"another symbol than the right one leads by {-lead.min():.6g}"
    lost = float(made.gap - lead.min())
    assert lost <= made.budget.total + room, f"{lost:.6g} of the lead is lost, budgeted {made.budget.total:.6g}"
    return lost


def no_adversary_errs_by_more(made: Construction, task: Task, tries: int = 300) -> None:
    """Neither random paths of the scenario nor the way up the error's gradient lead to more than is claimed."""
    allowed = made.claim.error if made.gap is None else 0.0
    found = refute(made.network, task.scenario(), made.claim.lengths, allowed, tries=tries, seconds=30)
    assert found.inputs, "nothing was tried"
    assert not found.found, f"an adversary finds an error of {found.error:.6g}, claimed {allowed:.6g}"


def leads(outputs: np.ndarray, right: np.ndarray) -> np.ndarray:
    """By how much the right output leads before the next [row]."""
    there = np.arange(outputs.shape[-1]) == right[:, None]
    return outputs[there] - np.where(there, -np.inf, outputs).max(-1)


def claims_what_was_asked(made: Construction, tolerance: float) -> None:
    """The claim is not above the tolerance; a right symbol keeps half of its lead; every term is a number."""
    terms = made.budget.as_json()
    assert all(0 <= term < np.inf for term in terms.values()), f"a term of the budget is no size: {terms}"
    if made.gap is None:
        assert made.claim.error == sum(terms.values()), "the claim is not the sum of its budget"
        assert made.claim.error <= tolerance, f"{made.claim.error:.6g} is claimed, {tolerance:g} was asked for"
    else:
        assert made.claim.error == 0
        assert made.budget.total <= made.gap / 2, f"{made.budget.total:.6g} of a lead of {made.gap:g} may be lost"


def tighter_is_smaller(build: Callable[[float], Construction], tolerances: list[float]) -> None:
    """A tighter tolerance gives a smaller claim, but where the looser one was already as good."""
    claims = [build(tolerance).claim.error for tolerance in sorted(tolerances, reverse=True)]
    for tolerance, loose, tight in zip(sorted(tolerances, reverse=True)[1:], claims, claims[1:], strict=False):
        assert tight <= loose, f"the claim rises to {tight:.6g} at a tolerance of {tolerance:g}"
        assert tight < loose or loose <= tolerance, f"the claim stays {loose:.6g} at a tolerance of {tolerance:g}"


HORIZON = {
    "lstm": ("forget", 1.0, 1.0),
    "gru": ("update", 1.0, 1.0),
    "lstm1997": ("input", -1.0, math.tanh(1)),
    "elman": ("candidate", 2.0, 1.0),
}
"""The gate of a latch on which its horizon depends; the factor from its pre-activation while a value is held to
log(n/e): a sigmoid lacks e^-z of being open, tanh lacks 2 e^-2z of being full; and the height of the flag then."""


def gains_grow_like_the_logarithm(build: Callable[[int, float], Construction]) -> None:
    """Pre-activations grow with slope 1 in log(n/e), e the tolerance (the horizon law), in n and in e alike."""
    steps, tolerances = [10, 100, 1000, 10_000, 100_000], [1e-2, 1e-3, 1e-4, 1e-5]
    gains = np.array([[horizon_gain(build(n, e)) for e in tolerances] for n in steps])
    by_steps = np.polyfit(np.log(steps), gains, 1)[0]
    by_tolerance = np.polyfit(-np.log(tolerances), gains.T, 1)[0]
    np.testing.assert_allclose(by_steps, 1, atol=0.05, err_msg="the gain's slope in log n")
    np.testing.assert_allclose(by_tolerance, 1, atol=0.05, err_msg="the gain's slope in log 1/e")


def horizon_gain(made: Construction) -> float:
    """The pre-activation, in units of log(n/e), with which the first latch holds; inputs are 0 then."""
    gate, factor, height = HORIZON[made.sheet.cell]
    latch = next(name for name, role in made.sheet.roles.items() if role in ("latch", "writer"))
    bias, _, units = made.sheet.gates[latch][gate]
    return factor * (bias + height * sum(units.values()))


def the_claim_is_tight(made: Construction, task: Task, share: float = 0.3, run: Run = ours) -> None:
    """Recall at its worst (x_1 at either end, all later ones at either end) loses at least this share of the claim."""
    low, high = task.range
    worst = 0.0
    inputs = np.array([[first] + [later] * (task.longest - 1) for first in (low, high) for later in (low, high)])
    outputs = run(made.network, inputs[..., None])[:, -1, 0].astype(np.float64)
    worst = float(np.abs(outputs - inputs[:, 0].astype(made.network.dtype)).max())
    assert worst >= share * made.claim.error, f"{worst:.6g} is the worst of a claim of {made.claim.error:.6g}"


def keeps_every_bit(network: Network, steps: int, size: float, least: float = 1e-25, run: Run = ours) -> None:
    """The first number is the output at every later step, bit for bit, from ``least`` to ``size``, of both signs."""
    draw, rows = np.random.default_rng(2), 64
    first = np.geomspace(least, size, rows) * draw.choice([-1, 1], rows)
    inputs = draw.uniform(-size, size, (rows, steps, 1))
    inputs[: rows // 2, 1:] = np.where(draw.random((rows // 2, steps - 1, 1)) < 0.5, -size, size)
    inputs[:, 0, 0] = first
    inputs = inputs.astype(network.dtype).clip(-size, size)
    outputs = run(network, inputs)[:, 1:, 0].astype(network.dtype)
    same = outputs == inputs[:, :1, 0]
    assert same.all(), f"{first[~same.all(1)][0]:.9g} is another number after {1 + np.argmin(same.all(0)) + 1} steps"


def weights_are_those_told(made: Construction) -> None:
    """Every gate of every named unit has the weights of the sheet, rounded; everything else is exactly zero, or the
    sheet's bias for units that are not used."""
    network, sheet = made.network, made.sheet
    number = {name: place for place, name in enumerate(sheet.units)}
    for source, linear in network.layers[0].items():
        for gate in linear.gates:
            matrix, bias = (None if part is None else np.zeros(part.shape) for part in linear.of(gate))
            biased = source == "x" or gate not in network.layers[0]["x"].gates
            if bias is not None:
                bias[:] = sheet.idle.get(gate, 0.0) if biased else 0.0
            for unit, gates in sheet.gates.items():
                if gate not in gates:
                    continue
                told_bias, channels, units = gates[gate]
                places = {"x": channels, sheet.recurrent: units}.get(source, {})
                column = number[unit] * max(1, linear.width(gate) // network.units)
                for name, weight in places.items():
                    matrix[sheet.channels.index(name) if source == "x" else number[name], column] = weight
                if biased and bias is not None:
                    bias[column] = told_bias
            for told, found in zip((matrix, bias), linear.of(gate), strict=True):
                assert (told is None) == (found is None)
                if told is not None:
                    np.testing.assert_array_equal(found, told.astype(network.dtype), f"{gate} from {source}")
    matrix = np.zeros(network.readout.matrix.shape)
    for output, (_, weights) in enumerate(sheet.readout):
        for name, weight in weights.items():
            matrix[number[name], output] = weight
    np.testing.assert_array_equal(network.readout.matrix, matrix.astype(network.dtype), "read-out")
    told = np.array([bias for bias, _ in sheet.readout]).astype(network.dtype)
    np.testing.assert_array_equal(network.readout.bias, told, "read-out's bias")


def the_same_call_gives_the_same_bits(build: Callable[[], Construction]) -> None:
    """Twice the same call: the same names in the same order, the same claim, the same bits."""
    one, other = build(), build()
    assert list(one.sheet.gates.items()) == list(other.sheet.gates.items())
    assert (one.claim, one.budget) == (other.claim, other.budget)
    for name, value in tensors(one.network).items():
        assert value.tobytes() == tensors(other.network)[name].tobytes(), f"other bits in {name}"
