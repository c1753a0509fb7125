"""Finite groups on linear recurrences: exact signs, turns whose errors add up, and how long they are right."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from holdfast.certification.check import check
from holdfast.certification.prove import prove
from holdfast.construction.compile import Construction, compile_program
from holdfast.construction.constructions import _automaton
from holdfast.construction.evaluation.construction import construct
from holdfast.construction.representations import group_of, irreducible
from holdfast.construction.turning import reflections
from holdfast.core.errors import BadValue
from holdfast.core.results import Text
from holdfast.tasks._automaton_task import AutomatonTask
from holdfast.tasks.automaton import Automaton
from holdfast.tasks.group import Group
from holdfast.tasks.parity import Parity
from tests import construction_laws as laws

pytestmark = pytest.mark.usefixtures("quick_to_compile")

Z3, S3, A5 = Group(group="Z", modulus=3), Group(group="S3"), Group(group="A5")
EXCHANGES, THREE = (Group(group="S5", symbols=symbols) for symbols in ("exchanges", "three"))
CYCLE = Automaton(table=tuple((str((n + 1) % 5),) * 2 for n in range(5)), accepting=(0,), alphabet="ab")
"""The number of symbols so far is a multiple of 5."""
EXACT = ("mamba_negative", "deltanet_negative", "deltaproduct")
TURNED = [(Z3, "deltaproduct"), (S3, "deltaproduct"), (A5, "deltaproduct"), (CYCLE, "lru"), (CYCLE, "s5")]
every_turn = pytest.mark.parametrize(("task", "cell"), TURNED, ids=["Z3", "S3", "A5", "lru", "s5"])


def made(task: AutomatonTask, cell: str, steps: int | None = 40, **more) -> Construction:
    asked = {"units": None, "steps": steps, "tolerance": np.inf, **more}
    return compile_program(_automaton.program(task, cell), cell, task=task.name, **asked)


def words(task: AutomatonTask, rows: int, steps: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, task.inputs, (rows, steps))


def wrong(built: Construction, task: AutomatonTask, read: np.ndarray) -> int:
    """The number of wrong answers, by the task's definition without its automaton."""
    said = laws.ours(built.network, np.eye(task.inputs)[read]).argmax(-1)
    made = task.automaton
    names = [task._answers([made.symbols[s] for s in row]) for row in read.tolist()]
    return int((said != [[made.answers.index(name) for name in row] for row in names]).sum())


@every_turn
def test_no_answer_is_wrong_and_the_lead_is_within_the_budget(task, cell):
    built = made(task, cell)
    assert wrong(built, task, words(task, 50, 40)) == 0
    laws.error_is_within_the_claim(built, task)
    laws.weights_are_those_told(built)


@pytest.mark.parametrize(("task", "cell"), [(EXCHANGES, "deltanet_negative"), (THREE, "deltaproduct")], ids=["2", "3"])
def test_permutations_of_five_are_tracked_if_few_move_in_a_step(task, cell):
    """An exchange is a reflection of four dimensions, and a turn of three things is a product of two."""
    built = made(task, cell, 200)
    assert (built.network.units, wrong(built, task, words(task, 10, 200))) == (4, 0)


@pytest.mark.parametrize("cell", EXACT)
def test_signs_are_exact_on_a_long_row(cell):
    """The state of parity is one of two numbers, bit for bit, after ten thousand steps."""
    built, bits = made(Parity(), cell, None), words(Parity(), 1, 10_000)
    outputs = laws.ours(built.network, np.eye(2)[bits])[0]
    assert (outputs.argmax(-1) == np.cumsum(bits[0]) % 2).all()
    assert len(np.unique(outputs, axis=0)) == 2
    assert (built.claim.semantics, built.horizon) == (("ieee",), None)
    assert made(Parity(), cell).claim.semantics == ("real", "ieee")


@pytest.mark.parametrize(
    ("task", "cell", "steps"),
    [(Parity(), "mamba_negative", 40), (Parity(), "deltanet_negative", 16), (CYCLE, "lru", 16), (CYCLE, "s5", 8)],
    ids=["mamba_negative", "deltanet_negative", "lru", "s5"],
)
@pytest.mark.parametrize("semantics", ["real", "ieee"])
def test_they_are_certified_up_to_a_length_and_checked(task, cell, steps, semantics):
    network = made(task, cell).network
    proof = prove(network, replace(task, steps=steps), semantics=semantics)
    assert proof.verdict == "proved"
    assert proof.certificate is not None
    assert check(proof.certificate, network).accepted


@pytest.mark.parametrize("task", [Z3, Group(group="S3", symbols="generators")], ids=["Z3", "S3"])
def test_two_reflections_in_a_step_are_certified(task):
    assert prove(made(task, "deltaproduct").network, replace(task, steps=6), semantics="ieee").verdict == "proved"


@every_turn
def test_a_turn_that_is_off_is_refuted(task, cell):
    """Keys, or the angle, off by a twentieth."""
    built = made(task, cell)
    gate, source = {"lru": ("angle", "constant"), "s5": ("frequency", "constant")}.get(cell, ("key", "x"))
    (layer,) = built.network.layers
    matrix, bias = layer[source].of(gate)
    off = np.arange(matrix.size).reshape(matrix.shape) % 2 * 0.05
    moved = layer[source].put(gate, np.asarray(matrix) + off, np.asarray(bias) + 0.05 * (source == "constant"))
    network = replace(built.network, layers=({**layer, source: moved},))
    assert wrong(replace(built, network=network), task, words(task, 20, 40)) > 0


@every_turn
def test_the_horizon_is_where_the_budget_ends(task, cell):
    horizon = made(task, cell).horizon
    assert horizon is not None
    at_most = made(task, cell, horizon)
    assert 0.48 < at_most.budget.total < 0.5
    laws.claims_what_was_asked(at_most, np.inf)
    for steps in (horizon + 1, None):
        with pytest.raises(
            BadValue, match=rf"add up, .* in float32: give --steps {horizon} at most, or --dtype float64"
        ):
            made(task, cell, steps)
    with_more = made(task, cell, dtype="float64").horizon
    assert with_more is not None
    assert with_more > 1e8 * horizon


@pytest.mark.usefixtures("float64")
def test_errors_of_turns_add_up_and_stay_below_their_bound():
    """One symbol again and again, in float64 on weights that are rounded to float32. (In float32 the state may come to
    go round the same numbers.)"""
    built = made(Z3, "deltaproduct", 2000)
    outputs = laws.exactly(built.network, np.eye(3)[np.ones((1, 2000), int)])
    ordered = np.sort(outputs, -1)
    lost = np.abs(1 - (ordered[..., 2] - ordered[..., 1]))
    early, late = lost[:, 400:500].max(), lost[:, 1900:].max()
    assert 3 * early < late < built.budget.total


def test_real_arithmetic_has_no_signs_at_every_length():
    with pytest.raises(BadValue, match="not in exact arithmetic"):
        construct(Parity(), "mamba_negative", units=None, steps=None, tolerance=np.inf, semantics="real")


@pytest.mark.parametrize(
    ("task", "cell", "words"),
    [
        (S3, "deltanet_negative", "has 1 reflection in a step, of which the symbols of this automaton are no products"),
        (Z3, "mamba_negative", "has a sign for each unit in a step, of which"),
        (Group(group="S5"), "deltaproduct", "has 2 reflections in a step, of which"),
        (Parity(), "lru", "turns its state by an angle that does not depend on the symbol"),
        (Automaton(expression="a*b(a|b)*"), "deltaproduct", "'symbol b' is no permutation of the states"),
    ],
)
def test_what_no_turn_can_do_is_refused(task, cell, words):
    with pytest.raises(BadValue, match=words):
        made(task, cell)


def test_a_group_that_is_too_large_is_refused():
    table = tuple((str((n + 1) % 6), str({0: 1, 1: 0}.get(n, n))) for n in range(6))
    with pytest.raises(BadValue, match="more than 200 permutations"):
        made(Automaton(table=table, accepting=(0,)), "deltaproduct")


def test_two_signs_are_two_units():
    """The parities of two symbols: Z2 x Z2, of which a third symbol changes both."""
    table = tuple((str(n ^ 1), str(n ^ 2), str(n ^ 3)) for n in range(4))
    task = Automaton(table=table, accepting=(0,))
    assert [made(task, cell).network.units for cell in ("mamba_negative", "deltaproduct")] == [2, 2]
    for cell in ("mamba_negative", "deltaproduct"):
        built = made(task, cell, None)
        assert wrong(built, task, words(task, 20, 60)) == 0
        laws.weights_are_those_told(built)


@pytest.mark.parametrize(("task", "sizes"), [(S3, [1, 2]), (A5, [3, 3, 4, 5]), (Z3, [2])], ids=["S3", "A5", "Z3"])
def test_representations_multiply_as_the_elements_do(task, sizes):
    machine = _automaton.program(task, "deltaproduct").machine
    assert machine is not None
    group = group_of(machine)
    found = irreducible(group)
    assert [part.shape[-1] for part in found] == sizes
    for part in found:
        draw = np.random.default_rng(0).integers(0, len(part), (20, 2))
        for one, other in draw:
            np.testing.assert_allclose(part[one] @ part[other], part[group.product[one, other]], atol=1e-12)
            np.testing.assert_allclose(part[one] @ part[one].T, np.eye(len(part[one])), atol=1e-12)


def test_a_turn_of_a_plane_is_two_reflections():
    draw = np.random.default_rng(1)
    for size, angle in itertools.product((2, 3, 5), (0.3, 2.0, np.pi)):
        basis = np.linalg.qr(draw.standard_normal((size, size)))[0]
        turn = np.eye(size)
        turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        turn = basis @ turn @ basis.T
        one, other = (np.eye(size) - 2 * np.outer(key, key) for key in reflections(turn))
        np.testing.assert_allclose(one @ other, turn, atol=1e-12)


def test_the_report_says_how_long_it_is_right():
    report = construct(Z3, "deltaproduct", units=None, steps=40, tolerance=np.inf)
    horizon = report.construction.horizon
    assert report.as_json()["horizon_steps"] == horizon
    told = next(part.text for part in report.parts() if isinstance(part, Text) and part.title == "Drift")
    assert f"for at least {horizon:,} steps" in told
