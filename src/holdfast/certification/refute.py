"""The adversarial search: it looks for a sequence on which the error of a network exceeds a tolerance.

It starts with random paths through the task's scenario, many of them with all numbers at the ends of their ranges. It
then improves the worst rows along the gradient of the error, by backpropagation through time, and tries variations of
them. For models without JAX gradients, such as PyTorch modules, it tries random changes instead and keeps those that
increase the error. Every result is confirmed by running the sequence once more, alone. Finding nothing is no proof.

It needs a model of level *answers*.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.certification.paths import Paths, PathSampler
from holdfast.core.arrays import PRECISION
from holdfast.core.errors import BadValue
from holdfast.core.results import Part, Text, finite
from holdfast.core.scenario import Box, Lengths, Scenario
from holdfast.core.task import Task
from holdfast.engine.network import Network
from holdfast.engine.traced import network_program
from holdfast.models.answers import Answers
from holdfast.models.levels import Model, outputs_of, outputs_of_rows
from holdfast.report.result_base import ResultBase

ROWS = 64
"""The batch size: the sequences and their gradients fit into memory at a thousand steps."""
STRIDES = (1.0, 0.5, 0.25, 0.1, 0.05, 0.02, 0.01)
"""Step sizes, as fractions of a box: every input moves by this much in the direction of growing error. The first one
moves to a corner of the box."""
LARGEST = 1e15
"""The largest magnitude that a search on an unbounded range tries."""
GROWTH = 10.0
"""The factor by which a search on an unbounded range extends its range each time."""
Constants = dict[str, Any]
"""The arrays of ``Paths`` by name."""


@dataclass(frozen=True, repr=False)
class Refutation(ResultBase):
    """The worst sequence found. ``inputs`` is [time][input]; ``output`` is the output after its last step, ``expected``
    the correct one. ``error`` is their largest difference. If ``symbol`` must have the largest output, ``error`` is the
    largest other output minus this one (negative: the symbol is right). ``by_gradient``: whether the search used the
    gradient of the error, or was random."""

    found: bool
    tolerance: float
    inputs: list[list[float]]
    output: list[float]
    expected: list[float | None]
    error: float
    tries: int
    symbol: int | None = None
    interrupted: bool = False
    by_gradient: bool = True
    task: Task | None = None

    def as_json(self) -> dict[str, object]:
        """The document of ``holdfast refute --json``. An expected output of null has no required value."""
        return {
            "found": self.found,
            "inputs": self.inputs,
            "output": [finite(y) for y in self.output],
            "expected": self.expected,
            "error": finite(self.error),
            "tries": self.tries,
            "by_gradient": self.by_gradient,
        }

    def parts(self) -> list[Part]:
        """The parts of the report that ``holdfast refute`` prints."""
        if not self.found:
            worst = f" The worst error met is {self.error:.6g}." if self.inputs else ""
            how = "" if self.by_gradient else " The model has no gradients, so the search was at random."
            return [Text(f"none found in {self.tries} tries, which proves nothing.{worst}{how}")]
        if self.task is not None and self.symbol is not None and _one_hot(self.inputs):
            return self._as_symbols(self.task, self.symbol)
        shown = [" ".join(f"{value:.9g}" for value in x) for x in self.inputs]
        if len(shown) > SHOWN:
            shown = [*shown[: SHOWN - 1], f"... ({len(shown) - SHOWN} more) ...", shown[-1]]
        output = " ".join(f"{y:.9g}" for y in self.output)
        expected = " ".join("-" if y is None else f"{y:.9g}" for y in self.expected)
        return [
            Text("\n".join(shown), f"a sequence of {len(self.inputs)} steps"),
            Text(f"output {output}, expected {expected}: error {self.error:.6g}, tolerance {self.tolerance:g}."),
        ]

    def _as_symbols(self, task: Task, symbol: int) -> list[Part]:
        """Inputs and answers by the names of the symbols."""
        names = np.eye(len(self.output))
        said = [task.label_output(names[one]) for one in (int(np.argmax(self.output)), symbol)]
        shown = [task.label_input(np.array(x)) or "-" for x in self.inputs]
        if len(shown) > SHOWN_SYMBOLS:
            shown = [*shown[: SHOWN_SYMBOLS - 1], f"... ({len(shown) - SHOWN_SYMBOLS} more) ...", shown[-1]]
        margin = "is as large" if self.error == 0 else f"is larger by {self.error:.6g}"
        return [
            Text(" ".join(shown), f"a sequence of {len(self.inputs)} steps"),
            Text(f"output '{said[0]}', expected '{said[1]}': the output of a wrong symbol {margin}."),
        ]


def _one_hot(inputs: list[list[float]]) -> bool:
    x = np.array(inputs)
    return bool(np.isin(x, (0, 1)).all() and (x.sum(1) <= 1).all())


SHOWN_SYMBOLS = 60
SHOWN = 12
"""How many inputs of a long sequence are printed; ``--json`` has all of them."""


def refute(
    network: Model,
    scenario: Scenario,
    lengths: Lengths,
    tolerance: float,
    *,
    seed: int = 0,
    tries: int = 20_000,
    seconds: float = 60.0,
    watch: Callable[[str], None] = lambda words: None,
) -> Refutation:
    """Search rows of these ``lengths`` until an error above ``tolerance`` is found, ``tries`` sequences were run, or
    ``seconds`` have passed.

    With an infinite tolerance the search looks for the largest error. The same seed gives the same result, unless the
    time limit ends the search. An interrupt ends the search and keeps the worst sequence.
    """
    deadline, worst, ran, interrupted = time.monotonic() + seconds, None, 0, False
    walks = PathSampler(scenario, lengths, network.outputs, np.random.default_rng(seed))
    elite: Paths | None = None
    try:
        while ran < tries and (worst is None or not worst.found) and (not ran or time.monotonic() < deadline):
            paths = walks.some(ROWS) if elite is None else _beside(walks.some(ROWS // 2), walks.like(elite))
            paths, scores, more = _climbed(network, paths, deadline, walks.draw)
            ran += more
            order = np.argsort(-scores, kind="stable")
            elite = paths.take(np.resize(order[: ROWS // 8], ROWS // 2))
            again = replay(network, paths, int(order[0]), tolerance, ran)
            if worst is None or again.error > worst.error:
                worst = again
            watch(f"{ran} sequences run, worst error {worst.error:.4g}")
    except KeyboardInterrupt:
        interrupted = True
    if worst is None:
        return Refutation(False, tolerance, [], [], [], float("-inf"), ran, interrupted=interrupted)
    return replace(worst, tries=ran, interrupted=interrupted)


def refute_unbounded(
    network: Model,
    scenario: Scenario,
    lengths: Lengths,
    ends: tuple[float, float],
    tolerance: float,
    *,
    seed: int = 0,
    tries: int = 20_000,
    seconds: float = 60.0,
    watch: Callable[[str], None] = lambda words: None,
) -> Refutation:
    """``refute`` on a range with an infinite end, which is extended until an error is found or ``LARGEST`` is reached.

    If the hidden states are in [-1, 1], an output is at most |v|_1 + |d| in absolute value, with the read-out's weights
    v and bias d. Larger numbers, beyond the tolerance, cannot be recalled: no bounded state recalls all real numbers.
    The search begins with twice this value.
    """
    reach, ran = max(1.0, 2 * (_largest_output(network) + tolerance)), 0
    while True:
        stretched = _stretched(scenario, ends, reach)
        found = refute(network, stretched, lengths, tolerance, seed=seed, tries=tries, seconds=seconds, watch=watch)
        ran += found.tries
        if found.found or found.interrupted or reach > LARGEST:
            return replace(found, tries=ran)
        reach *= GROWTH


def _largest_output(network: Model) -> float:
    """The largest output of a network with hidden states in [-1, 1]; 0 for a model whose read-out is not known."""
    if not isinstance(network, Network):
        return 0.0
    matrix, bias = (np.asarray(part, np.float64) for part in (network.readout.matrix, network.readout.bias))
    return float((np.abs(matrix).sum(0) + np.abs(bias)).max())


def fit(network: Model, task: Task) -> None:
    """Raise ``BadValue`` if the network's inputs and outputs do not match the task."""
    if (network.inputs, network.outputs) != (task.inputs, task.outputs):
        raise BadValue(
            f"the network has {network.inputs} inputs and {network.outputs} outputs, but {task.name} with these axes "
            f"has {task.inputs} and {task.outputs}.",
            "Give the task and the axes of the network.",
        )


def replay(network: Model, paths: Paths, row: int, tolerance: float, tries: int) -> Refutation:
    """Run one row alone, without padding, and compute its error in double precision."""
    length = int(paths.last[row]) + 1
    inputs = np.asarray(_inputs(paths, network.dtype))[row, :length]
    outputs = outputs_of_rows(network, inputs[None])
    output, x = np.asarray(outputs)[0, -1].astype(np.float64), inputs.astype(np.float64)
    expected: list[float | None]
    if (right := int(paths.right[row])) >= 0:
        expected = [float(o == right) for o in range(len(output))]
        error = float(np.delete(output, right).max() - output[right])
        found = not error < 0
    else:
        answer = paths.constant[row] + paths.weight[row] @ x[paths.when[row], paths.channel[row]]
        asked = paths.asked[row]
        expected = [float(y) if there else None for y, there in zip(answer, asked, strict=True)]
        error = float(np.abs(output - answer)[asked].max(initial=0.0))
        found = not error <= tolerance
    symbol = right if right >= 0 else None
    return Refutation(
        found,
        tolerance,
        x.tolist(),
        output.tolist(),
        expected,
        error,
        tries,
        symbol,
        by_gradient=_differentiable(network),
    )


def _differentiable(network: Model) -> bool:
    return not isinstance(network, Answers) or network.has_gradients


def _climbed(network: Model, paths: Paths, deadline: float, draw: np.random.Generator) -> tuple[Paths, np.ndarray, int]:
    """The same paths after steps along the gradient, with their scores and the number of sequences that were run."""
    program = _score if _differentiable(network) else partial(_scored_alone, draw)
    constants, place = _constants(paths, network.dtype), paths.place.astype(network.dtype)

    def scored(place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        scores, slopes = program(network, constants, place)
        return np.asarray(scores), np.asarray(slopes)

    scores, slopes = scored(place)
    ran = len(paths.place)
    if not paths.free.any():
        return paths, scores, ran
    for stride in STRIDES:
        if time.monotonic() > deadline:
            break
        moved = np.clip(place + stride * np.sign(slopes), 0, 1)
        higher, steeper = scored(moved)
        better = (higher > scores) | ~np.isfinite(higher)
        place, slopes = (np.where(better[:, None, None], a, b) for a, b in ((moved, place), (steeper, slopes)))
        scores = np.where(better, higher, scores)
        ran += len(paths.place)
    return paths.put(place.astype(np.float64)), np.nan_to_num(scores.astype(np.float64), nan=np.inf), ran


def _scored(network: Model, constants: Constants, place: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The error of every row, and its gradient with respect to ``place``."""

    def score(place: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = _read(constants, place)
        scores = _wrong(constants, x, outputs_of(network, x, constants["present"]))
        return scores.sum(), scores

    (_, scores), slopes = jax.value_and_grad(score, has_aux=True)(place)
    return scores, slopes


_score = network_program(_scored, lambda *_: (0, 0))


def _scored_alone(
    draw: np.random.Generator, network: Model, constants: Constants, place: jax.Array | np.ndarray
) -> tuple[jax.Array, jax.Array]:
    """``_scored`` for a model without gradients: random signs, some of them 0, take the place of the gradient."""
    x = _read(constants, place)
    scores = _wrong(constants, x, outputs_of(network, x, constants["present"]))
    return scores, jnp.asarray(draw.integers(-1, 2, place.shape), place.dtype)


def _read(c: Constants, place: jax.Array | np.ndarray) -> jax.Array:
    """The inputs [row, time, input]."""
    return jnp.clip(c["low"] + place * (c["high"] - c["low"]), c["low"], c["high"])


def _wrong(c: Constants, x: jax.Array, outputs: jax.Array) -> jax.Array:
    """The error of every row [row], from its inputs and outputs."""
    rows = jnp.arange(len(x))
    y = outputs[rows, c["last"]]
    named = x[rows[:, None], c["when"], c["channel"]]
    answer = c["constant"] + jnp.einsum("rok,rk->ro", c["weight"], named, precision=PRECISION)
    numbers = jnp.where(c["asked"], jnp.abs(y - answer), 0).max(1)
    chosen = jnp.arange(y.shape[1]) == c["right"][:, None]
    symbols = jnp.where(chosen, -jnp.inf, y).max(1) - jnp.where(chosen, y, 0).sum(1)
    return jnp.where(c["right"] >= 0, symbols, numbers)


def _constants(paths: Paths, dtype: Any) -> Constants:
    low, high = _ends(paths, dtype)
    numbers = {"low": low, "high": high, "constant": paths.constant, "weight": paths.weight}
    plain = {name: getattr(paths, name) for name in ("present", "last", "when", "channel", "asked", "right")}
    return {name: value.astype(dtype) for name, value in numbers.items()} | plain


def _ends(paths: Paths, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """The ends of every box in this number format, rounded towards the inside of the box unless the box is a point."""
    low, high = paths.low.astype(dtype), paths.high.astype(dtype)
    low = np.where((low < paths.low) & paths.free, np.nextafter(low, dtype.type(np.inf)), low)
    high = np.where((high > paths.high) & paths.free, np.nextafter(high, dtype.type(-np.inf)), high)
    return low, np.maximum(low, high)


def _inputs(paths: Paths, dtype: Any) -> np.ndarray:
    """The inputs, equal to those in ``_scored`` up to the last bit."""
    low, high = _ends(paths, dtype)
    return np.clip(low + paths.place.astype(dtype) * (high - low), low, high)


def _beside(a: Paths, b: Paths) -> Paths:
    return Paths(*(np.concatenate([getattr(a, name), getattr(b, name)]) for name in vars(a)))


def _stretched(scenario: Scenario, ends: tuple[float, float], reach: float) -> Scenario:
    """The scenario with ``ends`` in place of every range; infinite ends are replaced by ``reach``."""
    low, high = (float(np.clip(end, -reach, reach)) for end in ends)

    def box(old: Box) -> Box:
        moves = [a < b for a, b in zip(old.low, old.high, strict=True)]
        return Box(
            tuple(low if m else a for m, a in zip(moves, old.low, strict=True)),
            tuple(high if m else b for m, b in zip(moves, old.high, strict=True)),
        )

    edges = tuple(replace(edge, boxes=tuple(map(box, edge.boxes))) for edge in scenario.edges)
    return replace(scenario, edges=edges, ranges=dict.fromkeys(scenario.ranges, (low, high)))
