"""The laws of a model of any level: it gives the same outputs however its sequences are divided.

Outputs of a model that is given are compared in its own number format, so that differences of rounding are accepted:
``TOLERANCES``, relative to the largest output.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.arrays import Array
from holdfast.engine.network import Network
from holdfast.engine.over_time import over_time, time_first
from holdfast.engine.unroll import unroll
from holdfast.models.answers import Answers
from holdfast.models.levels import Model, outputs_of
from holdfast.plugins.laws import LawResult, NotApplicable, expect, judged

BATCH, STEPS = 3, 7
CUTS = ((0, 2), (2, 3), (3, STEPS))
"""The pieces of a sequence, one of them a single step."""
LENGTHS = (7, 4, 1)
"""The steps of each row that are no padding."""
TOLERANCES = {"float64": 1e-11, "float32": 1e-4}
LOOSE = 2e-2
"""The tolerance of shorter number formats."""


def check(model: Model, file: str = "") -> list[LawResult]:
    """Apply every law to a model. ``file`` is the file of the model, for the line of an error."""
    return [judged(name, lambda law=law: law(model), file) for name, law in LAWS.items()]


def repeated_is_the_same(model: Model) -> None:
    """Reset: a sequence gives the same outputs again, after others were read."""
    first = _outputs(model, _inputs(model))
    _outputs(model, _inputs(model, seed=5))
    _same(model, _outputs(model, _inputs(model)), first, "the same sequences read a second time")


def outputs_are_finite(model: Model) -> None:
    """The outputs are finite numbers of the declared shape."""
    found = _outputs(model, _inputs(model))
    wanted = (BATCH, _steps(model), model.outputs)
    expect(found.shape == wanted, f"outputs have the shape {list(found.shape)}, expected {list(wanted)}")
    expect(bool(np.isfinite(found).all()), "an output is no finite number")


def batch_is_singles(model: Model) -> None:
    """Every row of a batch gives the same outputs alone."""
    inputs = _inputs(model)
    together = _outputs(model, inputs)
    for row in range(BATCH):
        here = slice(row, row + 1)
        _same(model, _outputs(model, inputs[here]), together[here], f"row {row + 1} alone and among others")


def padding_changes_nothing(model: Model) -> None:
    """Rows with padding behind them give the same outputs as without; what the padding holds does not matter."""
    inputs = _inputs(model)
    lengths = [min(length, _steps(model)) for length in LENGTHS]
    present = np.arange(_steps(model)) < np.array(lengths)[:, None]
    padded = np.where(present[..., None], inputs, 100 * _inputs(model, seed=3)).astype(inputs.dtype)
    found = _outputs(model, padded, present)
    for row, length in enumerate(lengths):
        here = slice(row, row + 1)
        alone = _outputs(model, inputs[here, :length])
        _same(model, found[here, :length], alone, f"row {row + 1} of {length} steps with padding and without")


def steps_are_the_scan(model: Model) -> None:
    """Single steps, one call after the other, give the outputs and the last state of the whole sequence."""
    start, run, step = _parts(model)
    inputs, state, read = _inputs(model), start(BATCH), list[Any]()
    whole, last = run(inputs, state)
    for t in range(_steps(model)):
        output, state = step(state, inputs[:, t], t)
        read.append(output)
    _same(model, jnp.stack(read, 1), whole, "outputs of single steps and of the whole sequence")
    _same_states(model, state, last, "after single steps and after the whole sequence")


def chunks_are_the_whole(model: Model) -> None:
    """A sequence in pieces, with the state carried over, gives the outputs and the last state of the whole."""
    start, run, _ = _parts(model)
    inputs, state, read = _inputs(model), start(BATCH), list[Any]()
    if isinstance(model, Network) and model.steps is not None:
        raise NotApplicable("every step has weights of its own")
    whole, last = run(inputs, state)
    for low, high in CUTS:
        piece, state = run(inputs[:, low:high], state)
        read.append(piece)
    _same(model, jnp.concatenate(read, 1), whole, "outputs of pieces and of the whole sequence")
    _same_states(model, state, last, "after pieces and after the whole sequence")


LAWS: dict[str, Callable[[Model], str | None]] = {
    "outputs": outputs_are_finite,
    "scan": steps_are_the_scan,
    "chunks": chunks_are_the_whole,
    "singles": batch_is_singles,
    "padding": padding_changes_nothing,
    "reset": repeated_is_the_same,
}


def _parts(model: Model) -> tuple[Callable[[int], Any], Callable[[Any, Any], Any], Callable[[Any, Any, int], Any]]:
    """``start(batch)``, ``run(inputs, state)`` and ``step(state, x, t)`` of a model whose steps are known."""
    if isinstance(model, Answers):
        raise NotApplicable("of a model of level 'answers' the steps are not known")
    if isinstance(model, Network):
        return model.start, lambda inputs, state: unroll(model, jnp.asarray(inputs), state), _network_step(model)

    def one(state: Any, x: Array) -> tuple[Any, Array]:
        output, after = model.step(state, x)
        return after, output

    def run(inputs: Any, state: Any) -> tuple[Array, Any]:
        last, outputs = over_time(one, state, time_first(jnp.asarray(inputs)))
        return time_first(outputs), last

    return model.start, run, lambda state, x, t: model.step(state, jnp.asarray(x))


def _network_step(model: Network) -> Callable[[Any, Any, int], Any]:
    def step(state: Any, x: Any, t: int) -> Any:
        at = model if model.steps is None else model.after(t)
        outputs, after = unroll(at, jnp.asarray(x)[:, None], state, engine="loop")
        return outputs[:, 0], after

    return step


def _inputs(model: Model, seed: int = 1) -> np.ndarray:
    drawn = np.random.default_rng(seed).uniform(-1, 1, (BATCH, STEPS, model.inputs))
    return drawn[:, : _steps(model)].astype(model.dtype)


def _steps(model: Model) -> int:
    """The steps of the sequences: fewer where a network has weights for fewer steps."""
    return min(STEPS, (model.steps if isinstance(model, Network) else None) or STEPS)


def _outputs(model: Model, inputs: np.ndarray, present: np.ndarray | None = None) -> np.ndarray:
    return np.asarray(outputs_of(model, inputs, present), np.float64)


def _same(model: Model, found: Any, expected: Any, what: str) -> None:
    one, other = (np.asarray(a, np.float64) for a in (found, expected))
    expect(one.shape == other.shape, f"{what}: shape {list(one.shape)}, expected {list(other.shape)}")
    apart = float(np.abs(one - other).max(initial=0))
    allowed = TOLERANCES.get(np.dtype(model.dtype).name, LOOSE) * (1 + float(np.abs(other).max(initial=0)))
    expect(apart <= allowed, f"{what}: {apart:.3g} apart, expected at most {allowed:.2g}")


def _same_states(model: Model, found: Any, expected: Any, what: str) -> None:
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        _same(model, one, other, f"a state {what}")
