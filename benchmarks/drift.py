"""How long groups are tracked by linear recurrences in float32: bounded, predicted and measured.

    python benchmarks/drift.py                                 (minutes on two cores)
    python benchmarks/drift.py --steps 100000 --certify 8

A linear recurrence does not correct errors. For each network the table has

    bound       the steps within which the construction guarantees that the right symbol leads
    certified   the steps up to which ``certify`` proves it in float32, in --seconds, of 8, 16, 32, ... up to --certify
    predicted   the first wrong answer if the only errors are those of the weights, which are rounded to float32: on
                one symbol again and again, the worst of all, in float64 by powers of the step's matrix
    measured    the first wrong answer in float32 within --steps steps, on such rows and on random ones

and what is lost of the lead after --steps steps: predicted, measured on repeated symbols, and on random ones.

Required: no wrong answer before the bound.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
from side_by_side import parser, table

from holdfast.certification.prove import prove
from holdfast.construction.evaluation.construction import construct
from holdfast.engine.network import Network
from holdfast.engine.unroll import unroll
from holdfast.tasks._automaton_task import AutomatonTask
from holdfast.tasks.automaton import Automaton
from holdfast.tasks.group import Group
from holdfast.tasks.parity import Parity

jax.config.update("jax_enable_x64", True)

CYCLE = Automaton(table=tuple((str((n + 1) % 5),) * 2 for n in range(5)), accepting=(0,))
ROWS: dict[str, tuple[AutomatonTask, str]] = {
    "parity": (Parity(), "mamba_negative"),
    "parity ": (Parity(), "deltanet_negative"),
    "length mod 5": (CYCLE, "lru"),
    "length mod 5 ": (CYCLE, "s5"),
    "Z5": (Group(group="Z", modulus=5), "deltaproduct"),
    "S3": (Group(group="S3"), "deltaproduct"),
    "A5": (Group(group="A5"), "deltaproduct"),
}
PIECE, FARTHEST, RANDOM = 4096, 2**24, 8
"""Steps that are computed at once; the last that is predicted; random rows."""


@dataclass
class Row:
    task: str
    cell: str
    bound: int | None
    certified: int = 0
    predicted: int | None = None
    measured: int | None = None
    lost: tuple[float, float, float] = (0.0, 0.0, 0.0)


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--steps", type=int, default=2**18, help="steps in float32 (default: 2^18)")
    options.add_argument("--certify", type=int, default=32, help="the longest length to certify (default: 32)")
    options.add_argument("--seconds", type=float, default=60, help="seconds for each proof (default: 60)")
    options.add_argument("--only", nargs="+", default=None, help="cells (default: all)")
    asked = options.parse_args()
    rows = []
    for name, (task, cell) in ROWS.items():
        if asked.only is not None and cell not in asked.only:
            continue
        made = construct(task, cell, units=None, steps=task.steps, tolerance=np.inf).construction
        row = Row(name.strip(), cell, made.horizon)
        length = 8
        while length <= asked.certify and certified(made.network, task, length, asked.seconds):
            row.certified, length = length, 2 * length
        row.predicted, expected = predicted(made.network, task, asked.steps)
        row.measured, repeated, random = measured(made.network, task, asked.steps)
        row.lost = expected, repeated, random
        rows.append(row)
        print(row, file=sys.stderr)
    if asked.json:
        import json

        print(json.dumps([vars(row) for row in rows], indent=1))
    else:
        report(rows, asked.steps)
    return 1 if any(row.measured and row.measured <= (row.bound or asked.steps) for row in rows) else 0


def report(rows: list[Row], steps: int) -> None:
    def told(value: int | None, none: str) -> str:
        return none if value is None else f"{value:,}"

    lines = [
        (
            *(row.task, row.cell, told(row.bound, "every length"), f"{row.certified:,}"),
            *(told(row.predicted, f"none to {FARTHEST:,}"), told(row.measured, f"none to {steps:,}")),
            *(f"{max(lost, 0.0):.1e}" for lost in row.lost),
        )
        for row in rows
    ]
    heads = ("task", "cell", "bound", "certified", "predicted", "measured", "lost: predicted", "repeated", "random")
    table(heads, lines)


def certified(network: Network, task: AutomatonTask, length: int, seconds: float) -> bool:
    return prove(network, replace(task, steps=length), semantics="ieee", seconds=seconds).verdict == "proved"


def predicted(network: Network, task: AutomatonTask, steps: int) -> tuple[int | None, float]:
    """The first wrong answer in exact arithmetic on the rounded weights, and the lead that is lost after ``steps``."""
    first, lost = None, 0.0
    for symbol in range(task.inputs):
        step, read = affine(network, np.eye(task.inputs)[symbol])
        powers = [read]
        for _ in range(PIECE - 1):
            powers.append(powers[-1] @ step)
        together, jump = np.stack(powers), np.linalg.matrix_power(step, PIECE)
        state, begin = np.eye(len(step))[-1], np.inf
        for done in range(0, FARTHEST, PIECE):
            lead = leads(together @ state, answers(task, np.full((1, PIECE), symbol), done)[0])
            if done == 0:
                begin = lead[:60].min()
            if done <= steps - PIECE < done + PIECE:
                lost = max(lost, begin - lead[-60:].min())
            if (lead <= 0).any():
                here = done + int(np.argmax(lead <= 0)) + 1
                first = here if first is None else min(first, here)
            if first is not None and done >= max(first, steps):
                break
            state = jump @ state
    return first, lost


def affine(network: Network, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The step and what is read after it as matrices of (state, 1), in float64."""
    wide = jax.tree.map(lambda a: a.astype(jnp.float64), network)
    (zero,) = unroll(wide, jnp.zeros((1, 1, network.inputs)))[1]
    shapes = [np.shape(part)[1:] for part in zero]
    sizes = [int(np.prod(shape)) for shape in shapes]
    probes = np.concatenate([np.zeros((1, sum(sizes))), np.eye(sum(sizes))])
    parts = np.split(probes, np.cumsum(sizes)[:-1], axis=1)
    state = type(zero)(*(jnp.asarray(p.reshape(-1, *shape)) for p, shape in zip(parts, shapes, strict=True)))
    inputs = jnp.broadcast_to(jnp.asarray(x), (len(probes), 1, len(x)))
    outputs, (after,) = unroll(wide, inputs, (state,), engine="loop")
    flat = np.concatenate([np.asarray(part).reshape(len(probes), -1) for part in after], 1)
    read = np.asarray(outputs)[:, 0]
    step = np.zeros((len(probes), len(probes)))
    step[:-1, :-1], step[:-1, -1], step[-1, -1] = (flat[1:] - flat[0]).T, flat[0], 1
    return step, np.concatenate([(read[1:] - read[0]).T, read[:1].T], 1)


def measured(network: Network, task: AutomatonTask, steps: int) -> tuple[int | None, float, float]:
    """The first wrong answer in float32, and the lead that is lost on repeated symbols and on random rows."""

    @jax.jit
    def run(words, carried):
        return unroll(network, jax.nn.one_hot(words, task.inputs, dtype=network.dtype), carried, engine="loop")

    draw, repeated = np.random.default_rng(0), np.arange(task.inputs)
    carried = None
    state, begin, lost = np.zeros(len(repeated) + RANDOM, int), np.zeros(0), np.zeros(len(repeated) + RANDOM)
    for done in range(0, steps, PIECE):
        words = np.concatenate([np.repeat(repeated[:, None], PIECE, 1), draw.integers(0, task.inputs, (RANDOM, PIECE))])
        outputs, carried = run(words, carried) if carried else unroll_first(network, task, words)
        right, state = followed(task, words, state)
        lead = leads(np.asarray(outputs, np.float64), right)
        if done == 0:
            begin = lead[:, :60].min(1)
        lost = begin - lead[:, -60:].min(1)
        if (lead <= 0).any():
            return done + int(np.argmax((lead <= 0).any(0))) + 1, *ends(lost, len(repeated))
    return None, *ends(lost, len(repeated))


def unroll_first(network: Network, task: AutomatonTask, words: np.ndarray):
    return unroll(network, jax.nn.one_hot(words, task.inputs, dtype=network.dtype), engine="loop")


def ends(lost: np.ndarray, repeated: int) -> tuple[float, float]:
    return float(lost[:repeated].max()), float(lost[repeated:].max())


def followed(task: AutomatonTask, words: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The right answers [row, time] from a state of the automaton on, and the states after them."""
    found = np.zeros(words.shape, int)
    for step in range(words.shape[1]):
        state = task.automaton.next[state, words[:, step]]
        found[:, step] = task.automaton.answer[state]
    return found, state


def answers(task: AutomatonTask, words: np.ndarray, done: int) -> np.ndarray:
    """The right answers on one symbol again and again, after ``done`` of them."""
    symbol, state, orbit = int(words[0, 0]), 0, list[int]()
    while True:
        state = int(task.automaton.next[state, symbol])
        orbit.append(int(task.automaton.answer[state]))
        if state == 0:
            return np.array(orbit)[(done + np.arange(words.shape[1])) % len(orbit)][None]


def leads(scores: np.ndarray, right: np.ndarray) -> np.ndarray:
    here = np.arange(scores.shape[-1]) == right[..., None]
    return np.where(here, scores, -np.inf).max(-1) - np.where(here, -np.inf, scores).max(-1)


if __name__ == "__main__":
    sys.exit(main())
