"""ONNX graphs are opened where they are chains of standard parts, and compute as onnx says: among them every case of
LSTM, GRU and RNN nodes in the backend tests of ONNX."""

from __future__ import annotations

import re
import warnings

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases

import holdfast
from holdfast.core.errors import BadFile, BadValue
from holdfast.engine.network import Network
from holdfast.exchange.adapters import as_model
from holdfast.models.answers import Answers
from holdfast.models.levels import level_of, outputs_of
from holdfast.models.steps import Steps
from tests.exchange.test_onnx import graph, of_keras

pytestmark = pytest.mark.usefixtures("quick_to_compile")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # collecting computes the cases of all operators, some with overflow
    COLLECTED = collect_testcases("")
CASES = {
    case.name: case
    for case in COLLECTED
    if [node.op_type for node in case.model.graph.node] in (["LSTM"], ["GRU"], ["RNN"])
}
LEVELS = {
    "test_lstm_with_peepholes": "answers",
    "simple_rnn": "opened",
    "rnn": "opened",
    "gru": "steps",
    "lstm": "opened",
}


def level_wanted(name: str) -> str:
    """A reverse or bidirectional layer answers. The GRU nodes of these cases reset before the recurrent product."""
    if "reverse" in name or "bidirectional" in name:
        return "answers"
    return next(level for part, level in LEVELS.items() if part in name)


def bound(case) -> tuple[onnx.ModelProto, np.ndarray, np.ndarray, bool]:
    """The graph of a case with its constants as initialisers, its input [batch, time, input], the first output with the
    directions side by side, and whether that is of every step."""
    (given, expected), *_ = case.data_sets
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    names = [value.name for value in model.graph.input]
    (node,) = model.graph.node
    model.graph.initializer.extend(numpy_helper.from_array(v, n) for n, v in zip(names[1:], given[1:], strict=True))
    del model.graph.input[1:]
    batch_first = any(a.name == "layout" and a.i == 1 for a in node.attribute)
    every_step = bool(node.output[0])
    x, y = (given[0] if batch_first else given[0].swapaxes(0, 1)), expected[0]
    if every_step:
        y = y if batch_first else y.transpose(2, 0, 1, 3)
    elif not batch_first:
        y = y.swapaxes(0, 1)
    return model, x, y.reshape(*y.shape[: 2 if every_step else 1], -1), every_step


def test_there_are_the_cases_of_the_backend_suite():
    assert len(CASES) >= 18
    assert {level_wanted(name) for name in CASES} == {"opened", "steps", "answers"}


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_node_case_of_the_backend_suite_is_used_at_its_level(name):
    """Data and expected outputs are float32, with magnitudes up to 1: 1e-6 are about 8 units in the last place."""
    model, x, expected, every_step = bound(CASES[name])
    made = as_model(model, inputs=x.shape[2])
    assert level_of(made) == level_wanted(name), getattr(made, "why_not_opened", "")
    outputs = np.asarray(outputs_of(made, x))
    np.testing.assert_allclose(outputs if every_step else outputs[:, -1], expected, rtol=0, atol=1e-6)


def test_a_file_of_the_form_of_tf2onnx_is_opened(tmp_path):
    onnx.save_model(of_keras(), tmp_path / "f.onnx")
    opened = as_model(tmp_path / "f.onnx", inputs=2)
    assert isinstance(opened, Network)
    assert opened.output_function == "sigmoid"


def test_test_and_refute_take_a_file_of_onnx_directly(tmp_path):
    for name, made in {"opened": graph(), "answers": graph(clip=0.5)}.items():
        made.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 2
        onnx.save_model(made, tmp_path / f"{name}.onnx")
        tested = holdfast.test(tmp_path / f"{name}.onnx", "adding", steps=4, sequences_per_length=32)
        assert (tested.file, len(tested.lines)) == (str(tmp_path / f"{name}.onnx"), 1)
        assert holdfast.refute(tmp_path / f"{name}.onnx", "adding", steps=4, tries=64, seconds=2).found
    with pytest.raises(BadValue, match=r"certify needs a model of level 'opened' .* LSTM has clip=0.5"):
        holdfast.certify(tmp_path / "answers.onnx", "adding", steps=4)


@pytest.mark.parametrize(
    ("model", "level", "why"),
    [
        (graph("GRU", gates=3), Steps, "its reset gate acts before the recurrent product"),
        (graph(direction="reverse"), Answers, "LSTM has direction=reverse: it reads the sequence from its end"),
        (graph(more=["", "", "", "P"]), Answers, "LSTM has peepholes"),
        (graph(clip=0.5), Answers, "LSTM has clip=0.5"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_graphs_are_used_at_their_level_and_say_why(model, level, why):
    lower, x = as_model(model, inputs=2), np.random.default_rng(3).standard_normal((2, 5, 2)).astype(np.float32)
    assert type(lower) is level
    assert not isinstance(lower, Network)
    assert lower.why_not_opened.startswith(why)
    (expected,) = onnx.reference.ReferenceEvaluator(model).run(None, {"x": x.swapaxes(0, 1)})
    if "clip" not in why:  # which the reference evaluator ignores
        np.testing.assert_allclose(outputs_of(lower, x), expected.swapaxes(0, 1), rtol=0, atol=2e-6)


def mapped(*nodes, elem=1, shape=("b", "t", 2), out=("b", "t", 2), held=()):
    x, y = helper.make_tensor_value_info("x", elem, shape), helper.make_tensor_value_info("y", elem, out)
    made = helper.make_graph(list(nodes), "g", [x], [y], [numpy_helper.from_array(v, n) for n, v in held])
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_a_graph_of_one_size_answers_at_this_length_only():
    shape = ("s", np.array([4, 5, 2]))
    model = mapped(helper.make_node("Reshape", ["x", "s"], ["y"]), shape=(4, 5, 2), out=(4, 5, 2), held=[shape])
    made, x = as_model(model, inputs=2), np.random.default_rng(1).standard_normal((6, 5, 2)).astype(np.float32)
    np.testing.assert_array_equal(outputs_of(made, x), x)
    with pytest.raises(BadFile, match="cannot run it on inputs of shape"):
        outputs_of(made, x[:, :4])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: mapped(helper.make_node("Neg", ["x"], ["y"]), elem=10), "reads another type numbers"),
        (lambda: mapped(helper.make_node("Neg", ["x"], ["y"]), shape=("b", "t", 3)), "reads 3 inputs, expected 2"),
        (lambda: mapped(helper.make_node("Neg", ["x"], ["y"]), shape=("b", 2)), "of the shape [0, 2], expected"),
        (lambda: mapped(helper.make_node("RandomNormalLike", ["x"], ["y"])), "gives other outputs when it is called"),
        (lambda: mapped(helper.make_node("ReduceSum", ["x"], ["y"], keepdims=0), out=()), "gives outputs of the shape"),
        (lambda: helper.make_model(helper.make_graph([], "g", [], [])), "takes nothing, expected one input"),
    ],
    ids=["float16", "inputs", "rank", "random", "shape", "no input"],
)
def test_bad_graphs_get_one_clear_message(make, words):
    with pytest.raises(BadValue, match=re.escape(words)):
        as_model(make(), inputs=2)
