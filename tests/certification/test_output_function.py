"""A sigmoid of the outputs is bounded, and a certificate is about the network with it; a softmax is refused."""

from __future__ import annotations

from dataclasses import replace

import jax.numpy as jnp
import pytest

from holdfast.certification.check import check
from holdfast.certification.prove import prove
from holdfast.core.errors import BadValue
from holdfast.engine.network import Network, read_out
from holdfast.tasks.recall import Recall
from holdfast.training.judge import judge
from tests.networks import random_network

pytestmark = pytest.mark.usefixtures("quick_to_compile")
TASK = Recall(steps=3)


def with_function(function: str) -> Network:
    drawn = random_network("elman", 1, 2, 1, dtype=jnp.float32)
    maps = [(10 * linear.matrix, linear.bias) for linear in drawn.readout_maps]
    return replace(drawn, readout=read_out(maps, function))


@pytest.mark.parametrize("semantics", ["real", "ieee"])
def test_a_bound_is_about_the_numbers_after_the_sigmoid(semantics):
    network = with_function("sigmoid")
    proof = prove(network, TASK, tolerance=2.0, semantics=semantics)
    assert proof.verdict == "proved"  # an answer in (0, 1) is never 2 away from a number in [-1, 1]
    assert proof.reached.error is not None
    assert proof.certificate is not None
    assert proof.reached.error >= judge(network, [TASK]).lines[0][1]["error_sup"]
    assert check(proof.certificate, network).accepted
    assert not check(proof.certificate, network.before_output_function()).accepted


def test_other_functions_are_refused():
    with pytest.raises(BadValue, match="applies softmax to its outputs, of which there are no bounds"):
        prove(with_function("softmax"), TASK)
