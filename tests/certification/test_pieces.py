"""Pieces of all inputs: what is found on them, that they help, and that what is remembered of one serves another."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import jax.numpy as jnp
import pytest

from holdfast.certification.check import check, pieces_of
from holdfast.certification.pieces import CutNode, Pieces, limited
from holdfast.certification.propagate import Memory, Method, PathPiece, Propagation, run
from holdfast.certification.prove import prove
from holdfast.certification.search import ProofSearch
from holdfast.certification.weights import weights_of
from holdfast.core.scenario import Scenario, Value
from holdfast.tasks.recall import Recall
from tests.networks import random_network

TASK = Recall(steps=4)
METHOD = Method(inputs=True)


def network():
    return random_network("gru", 1, 3, 1, dtype=jnp.float32)


def follow(piece: PathPiece, memory: Memory | None = None):
    weights = weights_of(network(), every_unit=False)
    return run(weights, TASK.scenario(), TASK.lengths(), piece, 4, None, METHOD, memory=memory)


def halves() -> list[PathPiece]:
    whole = next(pieces_of(TASK.scenario(), (None,)))
    low, high = (Fraction(-1), Fraction(0)), (Fraction(0), Fraction(1))
    first = [limited(whole, (3, 0), limits) for limits in (low, high)]
    return [whole, *first, *(limited(piece, (4, 0), high) for piece in first), limited(first[0], (2, 0), low)]


def test_what_is_remembered_of_other_pieces_changes_nothing():
    memory: Memory = {}
    assert [follow(piece, memory) for piece in halves()] == [follow(piece) for piece in halves()]
    assert len(memory) > 4


def test_steps_before_a_cut_are_not_computed_again(monkeypatch):
    memory, steps = {}, []
    step = Propagation.step
    monkeypatch.setattr(Propagation, "step", lambda self: steps.append(self.done + 1) or step(self))
    whole, third, *_ = halves()
    follow(whole, memory)
    follow(third, memory)
    assert steps == [1, 2, 3, 4, 3, 4]


def test_what_is_remembered_under_a_key_that_forgets_inputs_is_caught(monkeypatch):
    monkeypatch.setattr(PathPiece, "until", lambda self, step: (step,))
    memory: Memory = {}
    assert [follow(piece, memory) for piece in halves()] != [follow(piece) for piece in halves()]


def test_cutting_every_input_is_tighter_than_cutting_the_remembered_one():
    whole = halves()[0]
    ends = Fraction(-1), Fraction(1)

    def bound(variables: list, pieces: int = 48) -> float:
        grown = Pieces(CutNode(whole, follow(whole), {}), dict.fromkeys(variables, ends), follow, lambda r: (r.error,))
        while grown.count < pieces:
            assert grown.cut_worst()
        assert len(list(pieces_of(TASK.scenario(), grown.cuts()))) == pieces
        return grown.worst.error

    assert bound(["x1", (2, 0), (3, 0), (4, 0)]) < 0.9 * bound(["x1"])


def test_inputs_of_short_rows_can_be_cut_and_no_others():
    asked = (None, None, float("inf"))
    search = ProofSearch(weights_of(network(), False), TASK.scenario(), TASK.lengths(), *asked)  # type: ignore[arg-type]
    assert list(search.variables()) == ["x1", (2, 0), (3, 0), (4, 0)]
    long = Recall(steps=100)
    search = ProofSearch(weights_of(network(), False), long.scenario(), long.lengths(), *asked)  # type: ignore[arg-type]
    assert list(search.variables()) == ["x1"]


@pytest.mark.parametrize("kind", ["exactly", "up to"])
def test_a_proof_in_pieces_is_found_again(kind):
    proof = prove(network(), TASK, lengths=TASK.lengths(kind), tolerance=1e9)
    cut = {**proof.certificate, "cuts": [{"input": [4, 0], "at": "1/3"}, {"number": "x1", "at": "0"}, *[None] * 3]}
    assert check(cut, network()).accepted


def test_a_remembered_number_with_the_name_of_an_input_is_another_number():
    weights, plain = weights_of(network(), every_unit=False), TASK.scenario()
    edges = tuple(replace(e, remember=e.remember and (0, "2.0")) for e in plain.edges)
    renamed = Scenario(plain.start, edges, {"held": (Value({"2.0": 1.0}),)}, {"2.0": plain.ranges["x1"]}, 4)
    piece = next(pieces_of(renamed, (None,)))
    assert run(weights, renamed, TASK.lengths(), piece, 4, None, METHOD).error == follow(halves()[0]).error
