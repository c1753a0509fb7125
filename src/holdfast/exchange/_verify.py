"""Verify that a foreign file computes the same outputs as a network, on the same random sequences.

Two correct implementations differ by rounding, and the size of the difference depends on the network: a contracting
network forgets rounding errors, a chaotic one multiplies them at every step. No fixed tolerance fits both, so the
tolerance is measured. By backward error analysis, a computed sum of n products is the exact sum with relative changes
of the weights of at most n * eps and, if rounding errors are nearly independent, of about sqrt(n) * eps (Higham & Mary
2019, SIAM Journal on Scientific Computing 41(5)). Rounding therefore changes the outputs about as much as such changes
of the weights. We change every weight at random by this fraction:

  tolerance at step t = MARGIN * (largest change of an output up to step t + FUNCTION_EPS * eps * t * reach)

The second term covers the errors of sigmoid and tanh, which changed weights do not show. They accumulate in the state
at every step and reach the output through the read-out (reach: the largest Euclidean norm of its columns). The
tolerance grows with the steps. At the first steps it is tight, also for a chaotic network, so that gates in the wrong
order are detected there.

Measured: over 700 correct conversions to torch and onnx (1 to 200 units, weights of 0.01 to 50, float32 and float64),
the largest fraction of the tolerance that was used is 0.34. Every wrong order of the gates of an LSTM or GRU, in four
newly drawn networks each, exceeds the tolerance by a factor of 290 or more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.errors import BadFile
from holdfast.engine.network import Network
from holdfast.models.levels import outputs_of
from holdfast.models.steps import Steps

PIECES = ((1, 1), (3, 32), (8, 5))
"""Batch size and number of steps of each run of the foreign file."""

FUNCTION_EPS = 8
"""The assumed error of sigmoid and tanh, in units in the last place at 1. Measured in float32 over [-12, 12]:
onnxruntime, which approximates both by rational functions, up to 5; JAX up to 2.2; PyTorch below 1."""

MARGIN = 4.0
"""A safety factor: random changes of the weights rarely have the worst direction."""

CHANGES = 4
"""The number of random changes of the weights."""

MOST_NUMBERS = 10**7
"""The largest number of inputs, states and outputs in a run."""

SEED = 20


@dataclass(frozen=True)
class Runner:
    """A foreign file, ready to run: ``compute`` maps inputs [batch, time, input] to outputs [batch, time, output].

    ``by`` is the name of the program that computes. ``batch`` and ``steps`` are set if the file allows only one size.
    ``symbols``: its inputs must be one-hot. ``last``: ``compute`` returns the outputs [batch, 1, output] of the last
    step only.
    """

    compute: Callable[[np.ndarray], np.ndarray]
    by: str
    batch: int | None = None
    steps: int | None = None
    symbols: bool = False
    last: bool = False


@dataclass(frozen=True)
class Agreement:
    """The largest absolute difference of both runs over all outputs, and the tolerance at the last step."""

    largest_difference: float
    tolerance: float
    sequences: int
    steps: int
    by: str


def verify(network: Network | Steps, runner: Runner, reach: float | None = None) -> Agreement:
    """Run both on random sequences with magnitudes from 1/4 to 4. Raises ``BadFile`` if they do not agree.

    ``reach`` of the read-out is needed if the model is not a network."""
    pieces = sorted({(runner.batch or batch, runner.steps or steps) for batch, steps in PIECES})
    batch, steps = (max(sizes) for sizes in zip(*pieces, strict=True))
    width = network.units if isinstance(network, Network) else network.size
    if batch * steps * (network.inputs + network.outputs + width) > MOST_NUMBERS:
        raise BadFile(f"it accepts only {batch:,} sequences of {steps:,} steps, which are too many to compare.")
    random = np.random.default_rng(SEED)
    scales = 4.0 ** np.linspace(-1, 1, batch)[:, None, None]
    inputs = (scales * random.standard_normal((batch, steps, network.inputs))).astype(network.dtype)
    if runner.symbols:
        inputs = np.eye(network.inputs, dtype=network.dtype)[random.integers(network.inputs, size=(batch, steps))]
    if reach is None:
        assert isinstance(network, Network), "the reach of a step is not known"
        reach = reach_of([np.asarray(linear.matrix, np.float64) for linear in network.readout_maps])
    # One run of the network serves all pieces: rows are independent, and no step depends on later ones.
    ours, tolerances = _with_tolerance(network, inputs, random, reach)
    worst = 0.0
    for rows, length in pieces:
        theirs = np.asarray(runner.compute(inputs[:rows, :length]))
        first = length - 1 if runner.last else 0
        wanted = (rows, length - first, network.outputs)
        if theirs.shape != wanted:
            raise BadFile(f"{runner.by} gives outputs of shape {list(theirs.shape)}, expected {list(wanted)}.")
        differences = np.abs(theirs - ours[:rows, first:length]).max(axis=(0, 2))
        _refuse_beyond(differences, tolerances[first:length], runner.by, first)
        worst = max(worst, float(differences.max()))
    return Agreement(worst, float(tolerances[-1]), sum(rows for rows, _ in pieces), steps, runner.by)


def reach_of(matrices: Sequence[np.ndarray]) -> float:
    """How far an error of 1 in every state may move an output through these maps, relu between them."""
    *hidden, last = matrices
    return float(np.prod([np.linalg.norm(m) for m in hidden]) * np.linalg.norm(last, axis=0).max())


def _with_tolerance(
    network: Network | Steps, inputs: np.ndarray, random: np.random.Generator, reach: float
) -> tuple[np.ndarray, np.ndarray]:
    """The network's outputs [batch, time, output], and the tolerance for rounding at every step [time]."""
    run = jax.jit(lambda network: outputs_of(network, jnp.asarray(inputs)))
    ours = np.asarray(run(network))
    if not np.isfinite(ours).all():
        step = int(np.argmax(~np.isfinite(ours).all(axis=(0, 2)))) + 1
        raise BadFile(f"the network's own outputs on random sequences are not finite from step {step} on.")
    eps = float(np.finfo(inputs.dtype).eps)
    longest = network.inputs + (network.units if isinstance(network, Network) else network.size) + 2
    share = max(eps * longest**0.5, 2 * eps)  # a smaller change would vanish in rounding

    @np.errstate(over="ignore", invalid="ignore")  # reported as outputs that are not finite
    def changed(weights: Any) -> Any:
        values = np.asarray(weights)
        return jnp.asarray(values * (1 + share * random.choice((-1, 1), values.shape)), values.dtype)

    moved = np.max([np.abs(np.asarray(run(jax.tree.map(changed, network))) - ours) for _ in range(CHANGES)], axis=0)
    moved = np.maximum.accumulate(np.nan_to_num(moved, nan=np.inf).max(axis=(0, 2)))
    return ours, MARGIN * (moved + FUNCTION_EPS * eps * np.arange(1, len(moved) + 1) * reach)


def _refuse_beyond(differences: np.ndarray, tolerances: np.ndarray, by: str, first: int) -> None:
    beyond = ~(differences <= tolerances)  # not written with >, so that NaN counts as beyond
    if beyond.any():
        at = int(np.argmax(beyond))
        raise BadFile(
            f"{by} and holdfast compute different outputs: {differences[at]:.2g} apart at step {first + at + 1}, where "
            f"rounding explains at most {tolerances[at]:.2g}."
        )
