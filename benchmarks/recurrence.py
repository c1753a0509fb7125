"""What the kernels' contestants share: a recurrence of given sizes, the same numbers for all, counted and timed.

Everyone computes the same function of the same numbers: the hidden state of one layer at every step, read out to one
number, times a fixed random cotangent, summed; and its gradient with respect to every weight of the cell, but not to
the inputs. So everyone's gradients can be compared, and are.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

GATES = {"lstm": 4, "gru": 3, "elman": 1}
KEPT = {
    "lstm": ("input", "forget", "candidate", "output", "cell state", "its tanh", "hidden state"),
    "gru": ("reset", "update", "candidate", "recurrent product of the candidate", "hidden state"),
    "elman": ("hidden state",),
}
"""What the backward pass needs of every step, each of [networks, batch, steps, units]."""


@dataclass(frozen=True)
class Size:
    networks: int
    batch: int
    steps: int
    inputs: int
    units: int

    def __str__(self) -> str:
        return "x".join(str(n) for n in astuple(self))

    @property
    def sequence_steps(self) -> int:
        """Steps of all sequences of all networks together."""
        return self.networks * self.batch * self.steps


def size(text: str) -> Size:
    """``1x32x1000x1x32``: networks x batch x steps x inputs x units."""
    return Size(*(int(n) for n in text.split("x")))


@dataclass(frozen=True)
class Operations:
    """Floating point operations of all matrix products, a multiplication and an addition counting as two."""

    forward: float
    state: float
    weights: float

    @property
    def total(self) -> float:
        return self.forward + self.state + self.weights


def operations(cell: str, of: Size) -> Operations:
    """By count, with I inputs, H units, G gates, for each step of each sequence: 2 (I + H) G H forward, 2 H G H for the
    gradient of the state and 2 (I + H) G H for the gradient of the weights. What acts on single numbers is not in it.
    """
    both = 2 * (of.inputs + of.units) * GATES[cell] * of.units * of.sequence_steps
    state = 2 * of.units * GATES[cell] * of.units * of.sequence_steps
    return Operations(both, state, both)


def activations(cell: str, of: Size, itemsize: int = 4) -> int:
    """Bytes that the backward pass needs to have of the forward pass, weights and inputs aside."""
    return len(KEPT[cell]) * of.sequence_steps * of.units * itemsize


def numbers(cell: str, of: Size, dtype: str = "float32") -> dict[str, np.ndarray]:
    """Weights, inputs and cotangent, networks first. The weights are of PyTorch's default size, +-1 / sqrt(units).

    x [network, input, gate * unit], h [network, unit, gate * unit], bias and hidden_bias [network, gate * unit],
    readout [network, unit, 1], inputs [network, batch, time, input], cotangent [network, batch, time, 1].
    """
    rng = np.random.default_rng(0)
    columns, bound = GATES[cell] * of.units, of.units**-0.5

    def weights(*shape: int) -> np.ndarray:
        return rng.uniform(-bound, bound, (of.networks, *shape)).astype(dtype)

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal((of.networks, of.batch, of.steps, *shape), dtype=np.float32).astype(dtype)

    return {
        "x": weights(of.inputs, columns),
        "h": weights(of.units, columns),
        "bias": weights(columns),
        "hidden_bias": weights(columns) if cell == "gru" else np.zeros((of.networks, columns), dtype),
        "readout": weights(of.units, 1),
        "inputs": normal(of.inputs),
        "cotangent": normal(1),
    }


Gradient = Callable[[], dict[str, Any]]
"""Computes the gradients of the input matrix ``x``, the recurrent matrix ``h`` and the ``bias``, and waits for them."""


def answering(
    forms: dict[str, Callable[[str, Any], Gradient]], read: Callable[[str], Size] = size
) -> Callable[[str], dict[str, Any]]:
    """What a contestant with these forms answers to a line of JSON. ``read`` is what makes a size of its text.

    ``{"form": ..., "cell": ..., "size": ...}`` compiles and runs once, and answers the norms of the gradients and the
    seconds of a further run; the same with ``"times": n`` then answers the mean seconds of n runs in a row. Beside the
    seconds stand those of all processors together, which a busy machine does not stretch.
    """
    prepared: dict[tuple[str, str, str], Gradient] = {}

    def timed(run: Gradient, times: int) -> dict[str, float]:
        began, used = time.perf_counter(), time.process_time()
        for _ in range(times):
            run()
        ended, until = time.perf_counter(), time.process_time()
        return {"seconds": (ended - began) / times, "processor_seconds": (until - used) / times}

    def work(line: str) -> dict[str, Any]:
        asked = json.loads(line)
        what = asked["form"], asked["cell"], asked["size"]
        if "times" in asked:
            return timed(prepared[what], asked["times"])
        run = prepared[what] = forms[asked["form"]](asked["cell"], read(asked["size"]))
        norms = {name: float(np.linalg.norm(np.asarray(a, np.float64))) for name, a in run().items()}
        return {"norms": norms, **timed(run, 1)}

    return work


def peak() -> int:
    """The largest memory of this process so far, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def quartiles(values: list[float]) -> tuple[float, float, float]:
    """The lower quartile, the median and the upper quartile."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def spread(values: tuple[float, float, float]) -> str:
    """A middle, and in brackets what lies about it."""
    low, middle, high = values
    return f"{middle:.3g} ({low:.3g} - {high:.3g})"


@dataclass(frozen=True)
class Timed:
    """What one contestant took for one gradient, round by round."""

    by: str
    cell: str
    size: Size
    seconds: tuple[float, ...]
    processor_seconds: tuple[float, ...] = ()

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def microseconds(self) -> float:
        """Per sequence step."""
        return 1e6 * self.median / self.size.sequence_steps

    @property
    def rate(self) -> float:
        """Operations per second."""
        return operations(self.cell, self.size).total / self.median

    def over(self, other: Timed) -> tuple[float, float, float]:
        """How many times as long as ``other``: of the medians, and the quartiles of the rounds."""
        low, _, high = quartiles([a / b for a, b in zip(self.seconds, other.seconds, strict=False)])
        return low, self.median / other.median, high


def points_of(curves: Mapping[tuple[str, str], Sequence[Timed]]) -> list[dict[str, Any]]:
    """The points of curves by cell and changed axis, for a document."""
    return [
        {"cell": cell, "axis": axis, "size": str(one.size), "seconds": one.seconds}
        for (cell, axis), timed in curves.items()
        for one in timed
    ]
