"""The prover finds what is there, for real and for IEEE arithmetic, and says unknown or refuted where it is not."""

from __future__ import annotations

import itertools

import jax.numpy as jnp
import pytest

from holdfast.certification.check import Question, check
from holdfast.certification.prove import prove
from holdfast.certification.refute import refute
from holdfast.construction.evaluation.construction import construct
from holdfast.core.errors import BadValue
from holdfast.engine.network import Network, create
from holdfast.tasks.adding import Adding
from holdfast.tasks.echo import Echo
from holdfast.tasks.recall import Recall
from tests.certification import latches
from tests.networks import random_network


def test_the_best_bound_of_a_latch_is_close_to_the_truth(float64):
    task = Recall(steps=100)
    proof = prove(latches.designed(1e-3, 100, units=32), task, tolerance=1e-3)
    assert proof.verdict == "proved"
    worst = refute(latches.designed(1e-3, 100), task.scenario(), task.lengths(), float("inf"), tries=500).error
    assert worst <= proof.error < 1.001 * worst


def test_without_a_tolerance_pieces_are_kept_only_where_they_help():
    """Cut once, this bound is better by 0.02 %: 'check' would take twice as long for it."""
    task = Adding(steps=20)
    proof = prove(_constructed(task, "lstm"), task, lengths=task.lengths("up to"))
    assert (proof.verdict, proof.pieces) == ("proved", 1)


def test_a_bound_below_one_rounding_is_not_cut_any_finer():
    """What a ReLU network forgets near 0 shrinks with every cut, for hundreds of pieces."""
    task = Recall(steps=100)
    proof = prove(_constructed(task, "irnn"), task, lengths=task.lengths("up to"), semantics="ieee")
    assert 0 < proof.error <= 2.0**-24
    assert proof.pieces <= 4


def test_a_tolerance_below_the_truth_is_refuted(float64):
    proof = prove(latches.designed(1e-2, 20), Recall(steps=20), tolerance=1e-5)
    assert proof.verdict == "refuted"
    assert proof.refutation.error > 1e-5
    assert proof.certificate is None


def test_a_tolerance_between_truth_and_bound_is_unknown():
    network, task = random_network("gru", 1, 3, 1, dtype=jnp.float32), Recall(steps=6)
    tolerance = refute(network, task.scenario(), task.lengths(), float("inf"), tries=1000).error * 1.0001
    proof = prove(network, task, tolerance=tolerance, seconds=1)
    assert proof.verdict == "unknown"
    assert proof.error > tolerance

    assert proof.certificate is None


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_recall_of_an_exact_latch_is_bit_for_bit_at_every_length(dtype, float64):
    network, task = latches.exact(dtype, units=8), Recall(steps=10)
    proof = prove(network, task, lengths=task.lengths("any"), semantics="ieee")
    assert (proof.verdict, proof.reached.settled) == ("proved", 2)
    weight, least = {"float32": (2.0**-14, 2.0**-126), "float64": (2.0**-29, 2.0**-1022)}[dtype]
    assert proof.exact_above == least / weight
    assert check(proof.certificate, network, Question(task, task.lengths("any"))).accepted
    assert not check({**proof.certificate, "exact_above": (proof.exact_above / 2).hex()}, network).accepted


def test_in_exact_arithmetic_the_same_latch_does_not_settle(float64):
    proof = prove(latches.exact("float64"), Recall(), lengths=Recall().lengths("any"), seconds=2)
    assert proof.verdict == "unknown"


def rectifiers() -> Network:
    """Recall with error 0: p = relu(1), s = relu(+-x - p), m = relu(m + s), y = m+ - m- + s+ - s-."""
    network = create("irnn", 1, 5, 1)
    layer = dict(network.layers[0])
    layer["x"] = layer["x"].put("candidate", jnp.asarray([[0, 1, -1, 0, 0.0]]), jnp.asarray([1.0, 0, 0, 0, 0]))
    recurrent = jnp.zeros((5, 5)).at[0, 1].set(-1).at[0, 2].set(-1)
    recurrent = recurrent.at[1, 3].set(1).at[3, 3].set(1).at[2, 4].set(1).at[4, 4].set(1)
    layer["h"] = layer["h"].put("candidate", recurrent)
    readout = network.readout.put("y", jnp.asarray([[0.0], [1], [-1], [1], [-1]]))
    return Network((layer,), readout, "irnn")


def test_rectifiers_hold_for_ever_without_any_error():
    proof = prove(rectifiers(), Recall(), lengths=Recall().lengths("any"))
    assert (proof.verdict, proof.error, proof.pieces) == ("proved", 0.0, 2)
    assert check(proof.certificate, rectifiers()).accepted


def marker() -> Network:
    """An LSTM that holds which of two symbols came first: it writes while its own flag is down."""
    network = create("lstm", 5, 2, 5)
    layer = dict(network.layers[0])
    bias = {"input": [110.0, 110.0], "forget": [-110.0, 110.0], "candidate": [20.0, 0.0], "output": [110.0, 110.0]}
    for gate, values in bias.items():
        layer["x"] = layer["x"].put(gate, bias=jnp.asarray(values))
    layer["x"] = layer["x"].put("candidate", jnp.zeros((5, 2)).at[0, 1].set(20).at[1, 1].set(-20))
    layer["h"] = layer["h"].put("input", jnp.zeros((2, 2)).at[0, 1].set(-330.0))
    readout = network.readout.put(
        "y", jnp.zeros((2, 5)).at[1, 0].set(1).at[1, 1].set(-1), jnp.asarray([0, 0, -2.0, -2, -2])
    )
    return Network((layer,), readout, "lstm")


@pytest.mark.parametrize("kind", ["exactly", "up to", "any"])
def test_symbols_are_proved_right(kind):
    task = Echo(lag=20)
    proof = prove(marker(), task, lengths=task.lengths(kind), semantics="ieee")
    assert proof.verdict == "proved"
    assert check(proof.certificate, marker(), Question(task, task.lengths(kind))).accepted


def test_symbols_that_are_confused_are_refuted():
    network = marker()
    layer = dict(network.layers[0])
    layer["h"] = layer["h"].put("input", jnp.zeros((2, 2)))  # never stops writing, but distractors write nothing
    layer["x"] = layer["x"].put("candidate", layer["x"].of("candidate")[0].at[2, 1].set(-60.0))  # one of them does
    proof = prove(Network((layer,), network.readout, "lstm"), Echo(lag=20))
    assert proof.verdict == "refuted"
    right, wrong = proof.refutation.output[proof.refutation.symbol], max(proof.refutation.output)
    assert proof.refutation.error == wrong - right > 1


def test_an_interrupt_keeps_the_best_bound(float64):
    said = itertools.count()

    def interrupt(words: str) -> None:
        if next(said) == 1:
            raise KeyboardInterrupt

    proof = prove(random_network("gru", 1, 3, 1), Recall(steps=6), tolerance=1e-6, watch=interrupt)
    assert proof.interrupted
    assert proof.verdict == "unknown"
    assert proof.error < 100


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        ({"tolerance": 0.0}, "--tolerance is 0"),
        ({"tolerance": float("inf")}, "--tolerance is inf"),
        ({"task": Echo()}, "the network has 1 inputs and 1 outputs, but echo"),
    ],
)
def test_mistakes_are_told(mistake, words):
    asked = {"task": Recall(), **mistake}
    with pytest.raises(BadValue, match=words):
        prove(random_network("gru", 1, 2, 1, dtype=jnp.float32), **asked)


def _constructed(task: Adding | Recall, cell: str) -> Network:
    made = construct(task, cell, units=32, steps=task.steps, tolerance=task.tolerance)
    return made.construction.network
