"""The checker accepts what holds, and refuses every certificate that was tampered with, one planted fault at a time."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.certification.certificate import load, parse, save
from holdfast.certification.check import Question, check, of_any_length, read_again
from holdfast.certification.prove import prove
from holdfast.certification.weights import fingerprint
from holdfast.core.errors import BadFile, BadValue
from holdfast.core.scenario import Edge, Scenario, Value, point
from holdfast.tasks.adding import Adding
from holdfast.tasks.recall import Recall
from tests.certification import latches

TASK = Recall(steps=40)


@pytest.fixture(scope="module")
def network():
    return latches.designed(1e-2, 40, dtype="float32")


@pytest.fixture(scope="module")
def certificate(network):
    return prove(network, TASK, tolerance=1e-2).certificate


@pytest.fixture
def tampered(certificate):
    def change(*path, to):
        document = copy.deepcopy(certificate)
        place = document
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = to
        return document

    return change


def test_an_honest_certificate_is_accepted(certificate, network):
    assert check(certificate, network).accepted
    assert check(certificate, network, Question(TASK, TASK.lengths(), 1e-2)).accepted
    assert check(json.loads(json.dumps(certificate)), network).accepted


AT_ZERO = [{"number": "x1", "at": "0"}, None, None]
FAULTS = [
    (("claim", "error"), "0x1.0p-9", "the error is only known to be at most"),
    (("claim", "error"), "1/1000", "the error is only known to be at most"),
    (("claim", "last_step"), 39, "speaks of 39 steps"),
    (("claim", "first_step"), 39, "speaks of answers from step 39 on"),
    (("claim", "axes", "steps"), 50, "speaks of 40 steps"),
    (("claim", "axes", "range"), [-2.0, 2.0], "the error is only known to be at most"),
    (("claim", "dtype"), "float64", "speaks of float64 arithmetic"),
    (("claim", "semantics"), "ieee", "it assumes"),
    (("claim", "task"), "adding", "names an invalid task"),
    (("network",), "0" * 64, "it is for other weights"),
    (("format",), "holdfast-certificate-1", "its format is 'holdfast-certificate-1'"),
    (("assumptions",), ["all is well"], "it assumes"),
    (("exact_above",), "0x1.0p-3", "not shown to be bit for bit"),
]


@pytest.mark.parametrize(("path", "to", "words"), FAULTS, ids=[f"{'.'.join(p)}={t}"[:40] for p, t, _ in FAULTS])
def test_a_tampered_certificate_is_refused(path, to, words, tampered, network):
    document = tampered(*path, to=to)
    if path == ("claim", "task"):
        with pytest.raises(BadFile, match="no axis of adding named"):
            check(document, network)
        return
    verdict = check(document, network)
    assert not verdict.accepted
    assert words in verdict.reason


def test_every_length_needs_a_set_that_has_settled(tampered, network):
    document = tampered("claim", "last_step", to=None)
    document["claim"] |= {"lengths": "any", "first_step": 1}
    assert "names no step" in check(document, network).reason
    document["settled"] = 30
    assert "not settled by step 30" in check(document, network).reason


LESS = [
    (Question(Recall(steps=40, position=2), TASK.lengths()), "asked for"),
    (Question(Recall(steps=40, range=(-1.0, 1.5)), TASK.lengths()), "asked for"),
    (Question(Recall(steps=41), Recall(steps=41).lengths()), "it is about rows of exactly 40 steps, asked about"),
    (Question(Recall(steps=39), Recall(steps=39).lengths()), "it is about rows of exactly 40 steps, asked about"),
    (Question(TASK, TASK.lengths("up to")), "asked about rows of up to 40 steps"),
    (Question(TASK, TASK.lengths("any")), "asked about rows of every length"),
    (Question(TASK, TASK.lengths(), 1e-3), "asked for 0.001"),
    (Question(Adding(), Adding().lengths()), "it is about recall, asked about adding"),
]


@pytest.mark.parametrize(("question", "words"), LESS, ids=lambda value: None)
def test_less_than_is_asked_is_refused(question, words, certificate, network):
    verdict = check(certificate, network, question)
    assert not verdict.accepted
    assert words in verdict.reason


def test_more_than_is_asked_is_accepted(network):
    up_to = prove(network, TASK, lengths=TASK.lengths("up to"), tolerance=1e-2).certificate
    narrow, shorter = Recall(steps=40, range=(-0.5, 0.75)), Recall(steps=7)
    for question in (
        Question(TASK, TASK.lengths()),
        Question(narrow, narrow.lengths(), 2e-2),
        Question(shorter, shorter.lengths()),
        Question(shorter, shorter.lengths("up to")),
    ):
        assert check(up_to, network, question).accepted


def test_cuts_that_are_a_tree_are_accepted(tampered, network):
    assert check(tampered("cuts", to=AT_ZERO), network).accepted
    deep = [*AT_ZERO[:2], {"input": [3, 0], "at": "1/3"}, None, {"input": [3, 0], "at": "1/2"}, None, None]
    assert check(tampered("cuts", to=deep), network).accepted


@pytest.mark.parametrize(
    ("cuts", "words"),
    [
        ([], "no complete tree"),
        (AT_ZERO[:2], "no complete tree"),
        ([*AT_ZERO, None], "more than one tree"),
        ([{"number": "x2", "at": "0"}, None, None], "which the task does not remember"),
        ([{"number": "x1", "at": "2"}, None, None], "it cuts at 2, expected between -1 and 1"),
        ([{"input": [3, 1], "at": "0"}, None, None], "which does not exist"),
        ([{"input": [3, 0], "at": "1"}, None, None], "it cuts at 1, expected between -1 and 1"),
    ],
    ids=lambda value: None,
)
def test_cuts_that_cover_less_than_every_path_are_a_mistake(cuts, words, tampered, network):
    with pytest.raises(BadFile, match=words):
        check(tampered("cuts", to=cuts), network)


def test_a_proof_without_any_answer_is_refused(network):
    late = prove(network, TASK, lengths=TASK.lengths("up to"), tolerance=1e-2).certificate
    late["claim"]["first_step"] = 41
    assert "has an answer, so it proves nothing" in check(late, network).reason
    with pytest.raises(BadValue, match="no row of recall of up to 40 steps, answers from step 41 on, has an answer"):
        prove(network, TASK, lengths=TASK.lengths("up to", 41), tolerance=1e-2, seconds=2)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_weight_that_is_no_number_is_refused(value, certificate, network):
    readout = network.readout.put("y", bias=jnp.asarray([value], jnp.float32))
    broken = replace(network, readout=readout)
    assert "no finite number" in check({**certificate, "network": fingerprint(broken)}, broken).reason


def test_a_weight_pushed_past_its_margin_is_refused(certificate, network):
    layer = dict(network.layers[0])
    layer["h"] = layer["h"].put("input", layer["h"].of("input")[0] * 0.8)
    pushed = replace(network, layers=(layer,))
    assert "other weights" in check(certificate, pushed).reason
    assert "only known" in check({**certificate, "network": fingerprint(pushed)}, pushed).reason


@pytest.mark.parametrize(
    "path", [("claim",), ("claim", "error"), ("method", "symbols"), ("cuts",), ("settled",), ("network",)]
)
def test_a_malformed_certificate_is_a_mistake(path, tampered, certificate, network):
    lacking = copy.deepcopy(certificate)
    place = lacking
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    with pytest.raises(BadFile, match=r"malformed: .* lacks the field"):
        check(lacking, network)


@pytest.mark.parametrize(
    ("path", "to"),
    [(("claim", "error"), 1e-2), (("claim", "error"), "-1"), (("claim", "error"), "nan"), (("claim", "last_step"), 0),
     (("claim", "lengths"), "some"), (("claim", "last_step"), None), (("cuts",), [{"number": "x1"}, None, None]),
     (("method", "symbols"), True), (("method", "widen_by"), "1/0"), (("claim", "semantics"), "wishful"),
     (("verdict",), "unknown"), (("cuts",), [{"number": "x1", "at": 0}, None, None]), (("claim", "axes"), [])],
)  # fmt: skip
def test_a_certificate_of_nonsense_is_a_mistake(path, to, tampered, network):
    with pytest.raises(BadFile, match="malformed"):
        check(tampered(*path, to=to), network)


def test_a_certificate_is_the_same_after_a_file(certificate, tmp_path):
    save(certificate, tmp_path / "c.json")
    assert load(tmp_path / "c.json") == json.loads(json.dumps(certificate))
    again = parse(load(tmp_path / "c.json")).as_json()
    assert json.loads(json.dumps(again)) == load(tmp_path / "c.json")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', '{"format": "holdfast-network-1"}'])
def test_a_foreign_file_is_a_mistake(text, tmp_path):
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(BadFile):
        load(tmp_path / "c.json")


def test_a_fingerprint_is_of_weights_and_not_of_their_file(network):
    assert fingerprint(network) == fingerprint(replace(network))
    other = replace(network, readout=network.readout.put("y", bias=jnp.asarray([np.float32(1e-30)])))
    assert fingerprint(network) != fingerprint(other)


def test_a_number_that_may_be_read_twice_is_not_cut():
    read = (point(0.0),)
    twice = Scenario("s", (Edge("s", "s", read, (0, "x")),), {"s": (Value({"x": 1.0}),)}, {"x": (0.0, 0.0)}, 3)
    assert read_again(twice, "x")
    assert not read_again(TASK.scenario(), "x1")
    assert not read_again(Adding().scenario(), "first")


def test_rows_of_every_length_are_paths_of_one_automaton():
    assert of_any_length(TASK)
    assert of_any_length(Adding())
