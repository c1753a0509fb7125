"""Two engines asked the same: one network over one batch, forwards and back, and how far the answers lie apart.

``python -m tests.engine.native.agreement compare`` says, as JSON, how far apart they lie in every one of ``FIXED``;
``alone`` whether rows are the same bits alone and in a batch; ``bits`` a digest of all that the native engine
computed. So that a process of its own can be asked, with other instructions or threads.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.engine.compiled import keep_compiled_programs
from holdfast.engine.native import library
from holdfast.engine.native.operation import recurrence
from holdfast.engine.network import Network, create
from holdfast.engine.unroll import unroll

MASKS = ("none", "present", "absent", "random", "prefix", "suffix", "alternating")
STATES = ("zero", "random")

AT_MOST = {"float64": 1e-12, "float32": 1e-4}
"""Some thousand roundings: what 200 steps and sums over 70 rows and 300 units may add up to. Found: 2e-15 and 4e-7."""


@dataclass(frozen=True)
class Case:
    """What is asked. ``truncate`` 0 is none."""

    cell: str
    inputs: int = 2
    units: int = 3
    batch: int = 2
    steps: int = 4
    layers: int = 1
    mask: str = "none"
    truncate: int = 0
    state: str = "random"
    dtype: str = "float64"
    seed: int = 0
    heads: int = 1

    def bounded(self) -> Case:
        """The same with fewer steps where it would take long."""
        work = self.batch * self.units * (self.units + self.inputs) * self.layers
        most = min(400_000 // (self.batch * self.units * self.layers), 60_000_000 // work)
        return replace(self, steps=max(1, min(self.steps, most)))


FIXED = (
    Case("lstm", 1, 1, 1, 1),
    Case("gru", 70, 5, 3, 9, mask="random", truncate=4),
    Case("elman", 3, 300, 2, 11, truncate=1, layers=2),
    Case("irnn", 2, 17, 70, 6, mask="alternating"),
    Case("lstm1997", 5, 33, 4, 200, mask="suffix", truncate=7),
    Case("lstm", 65, 64, 33, 12, layers=2, mask="prefix", state="zero"),
    Case("gru", 1, 129, 17, 8, truncate=100),
    Case("lstm", 4, 300, 5, 7, mask="random", truncate=3),
    Case("gru", 2, 8, 1, 200, layers=2),
    Case("lstm1997", 1, 2, 70, 3, mask="absent"),
    Case("lstm", 2, 30, 1, 300, layers=2, mask="random"),
    Case("lstm", 3, 16, 6, 40, mask="present", dtype="float32"),
    Case("gru", 9, 31, 20, 30, mask="random", truncate=8, dtype="float32"),
    Case("slstm", 3, 12, 5, 20, layers=2, mask="random", truncate=7, heads=3),
)


@dataclass(frozen=True)
class Asked:
    """The arrays of a case: what is computed from, and the cotangents of the outputs and of the last state."""

    network: Network
    inputs: Any
    state: Any
    present: Any
    cotangents: Any


def asked(case: Case) -> Asked:
    """The case's arrays. Weights are so small that what one step gets wrong does not grow over the next."""
    rng, dtype = np.random.default_rng(case.seed), np.dtype(case.dtype)

    def like(tree: Any, scale: float) -> Any:
        return jax.tree.map(lambda a: jnp.asarray(rng.normal(0, scale, a.shape), dtype), tree)

    network = create(case.cell, case.inputs, case.units, 3, case.layers, dtype, heads=case.heads)
    network = like(network, 0.5 / np.sqrt(case.units))
    inputs = like(jnp.zeros((case.batch, case.steps, case.inputs)), 1.0)
    zeros = network.start(case.batch)
    state = {"zero": zeros, "random": tuple(map(with_positive_normaliser, like(zeros, 0.5)))}[case.state]
    outputs = like(jnp.zeros((case.batch, case.steps, 3)), 1.0)
    return Asked(network, inputs, state, masked(case, rng), (outputs, like(zeros, 1.0)))


def with_positive_normaliser(state: Any) -> Any:
    """The state of a layer; the normaliser n, which is divided by, is a sum of exponentials."""
    return state._replace(n=jnp.abs(state.n) + 0.1) if "n" in state._fields else state


def masked(case: Case, rng: np.random.Generator) -> Any:
    shape = case.batch, case.steps
    steps = np.arange(case.steps)
    cuts = rng.integers(0, case.steps + 1, (case.batch, 1))
    found = {
        "none": None,
        "present": np.ones(shape, bool),
        "absent": np.zeros(shape, bool),
        "random": rng.random(shape) < 0.6,
        "prefix": steps >= cuts,
        "suffix": steps < cuts,
        "alternating": (steps + np.arange(case.batch)[:, None]) % 2 == 0,
    }[case.mask]
    return None if found is None else jnp.asarray(found)


@partial(jax.jit, static_argnames=("truncate", "engine"))
def answered(network: Any, inputs: Any, state: Any, present: Any, cotangents: Any, truncate: int, engine: str) -> Any:
    """Outputs, the last state, and the gradients of the weights, the inputs and the first state."""

    def act(network: Any, inputs: Any, state: Any) -> Any:
        return unroll(network, inputs, state, present=present, truncate=truncate or None, engine=engine)

    found, back = jax.vjp(act, network, inputs, state)
    return {"found": found, "gradients": back(cotangents)}


def answers(case: Case, engine: str) -> Any:
    a = asked(case)
    return answered(a.network, a.inputs, a.state, a.present, a.cotangents, case.truncate, engine)


def apart(found: Any, expected: Any) -> tuple[float, str]:
    """How far two trees lie apart: the largest difference in an array by its largest entry; and in which array."""
    worst = (0.0, "")
    leaves = jax.tree_util.tree_leaves_with_path(expected)
    for (path, b), a in zip(leaves, jax.tree.leaves(found), strict=True):
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        # What is below 1e-30 may have been computed from numbers so small that both engines count them as 0.
        distance = np.abs(a - b).max(initial=0) / max(np.abs(b).max(initial=0), 1e-30)
        if not distance <= worst[0]:
            worst = float(distance), jax.tree_util.keystr(path)
    return worst


def distance(case: Case) -> tuple[float, str]:
    with jax.enable_x64(case.dtype == "float64"):
        return apart(answers(case, "native"), answers(case, "loop"))


def rows_alone(case: Case) -> list[int]:
    """The rows whose hidden states or last state are not the same bits alone as in the batch."""
    library.demand()  # tells JAX of the library
    with jax.enable_x64(case.dtype == "float64"):
        a = asked(case)
        cell, layer = a.network.cell, a.network.layers[0]

        given = jax.tree.map(np.asarray, (a.inputs, a.state[0], a.present))
        run = jax.jit(lambda inputs, state, present: recurrence(cell, layer, inputs, state, present, 0))

        def bits(rows: slice) -> list[bytes]:
            hidden, last = run(*jax.tree.map(lambda part: part[rows], given))
            whole = [np.asarray(part) for part in (hidden, *last)]
            return [b"".join(part[row].tobytes() for part in whole) for row in range(hidden.shape[0])]

        together = bits(slice(None))
        return [row for row in range(case.batch) if bits(slice(row, row + 1)) != together[row : row + 1]]


def digest(case: Case) -> str:
    with jax.enable_x64(case.dtype == "float64"):
        leaves = jax.tree.leaves(answers(case, "native"))
    return hashlib.sha256(b"".join(np.asarray(leaf).tobytes() for leaf in leaves)).hexdigest()


def main(act: str) -> None:
    keep_compiled_programs()
    acts = {"compare": distance, "alone": rows_alone, "bits": digest}
    print(json.dumps([acts[act](case) for case in FIXED]))


if __name__ == "__main__":
    main(sys.argv[1])
