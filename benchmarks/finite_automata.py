"""Finite automata as weights: constructed, certified for every length, and run in PyTorch's own layers.

    python benchmarks/finite_automata.py                       (minutes on two cores)
    python benchmarks/finite_automata.py --random 5 --strings 3000 --cells elman

The automata: random minimal ones of at most 12 states and 4 symbols; Tomita's seven languages; even pairs, parity,
modular arithmetic and the navigation of a cycle. Each is constructed on each cell in float32 and certified in float32
for every length. Then random strings of 10 to 10,000 symbols, evenly divided among all networks, are read by
``torch.nn.RNN``, ``GRU`` or ``LSTM`` with the same weights. The answer after every symbol is compared with the table.

Required: every network is certified, and no answer is wrong.
"""

from __future__ import annotations

import itertools
import sys
import time
from dataclasses import dataclass

import numpy as np
from side_by_side import missing, parser, table

from holdfast.certification.prove import prove
from holdfast.construction.evaluation.construction import construct
from holdfast.engine.network import Network
from holdfast.tasks.automaton import Automaton
from holdfast.tasks.modular import Modular
from holdfast.tasks.parity import Parity

LENGTHS = (10, 100, 1000, 10_000)
PIECE = 1000
"""Steps that are computed at once; the state is carried on."""


@dataclass
class Row:
    automaton: str
    cell: str
    states: int
    symbols: int
    units: int
    proved: bool
    seconds: float
    strings: int = 0
    wrong: int = 0


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--random", type=int, default=50, help="random minimal automata (default: 50)")
    options.add_argument("--strings", type=int, default=100_000, help="strings in all (default: 100000)")
    options.add_argument("--cells", nargs="+", default=("elman", "gru", "lstm"))
    options.add_argument("--seed", type=int, default=0)
    asked = options.parse_args()
    if missing(["torch"]):
        raise SystemExit("PyTorch runs the networks.")
    draw = np.random.default_rng(asked.seed)
    tasks = {f"random {n}": random_minimal(draw) for n in range(asked.random)} | known()
    each = -(-asked.strings // (len(tasks) * len(asked.cells)))
    rows = []
    for (name, task), cell in itertools.product(tasks.items(), asked.cells):
        began = time.perf_counter()
        made = construct(task, cell, units=None, steps=None, tolerance=np.inf)
        proof = prove(made.network, task, lengths=task.lengths("any"), semantics="ieee", seconds=600)
        machine = task.automaton
        used = len(made.construction.sheet.units)
        row = Row(name, cell, len(machine.states), len(machine.symbols), used, proof.verdict == "proved", 0.0)
        row.seconds = time.perf_counter() - began
        row.strings, row.wrong = each, wrong_answers(made.network, task, each, draw)
        rows.append(row)
        print(f"{name}, {cell}: {row}", file=sys.stderr)
    failed = [row for row in rows if not row.proved or row.wrong]
    if asked.json:
        import json

        print(json.dumps([vars(row) for row in rows], indent=1))
    else:
        report(rows)
    return 1 if failed else 0


def report(rows: list[Row]) -> None:
    lines = []
    for cell in dict.fromkeys(row.cell for row in rows):
        mine = [row for row in rows if row.cell == cell]
        lines.append(
            (
                cell,
                str(len(mine)),
                f"{min(r.units for r in mine)} - {max(r.units for r in mine)}",
                f"{sum(r.proved for r in mine)} of {len(mine)}",
                f"{np.median([r.seconds for r in mine]):.2g}, at most {max(r.seconds for r in mine):.2g}",
                f"{sum(r.strings for r in mine):,}",
                f"{sum(r.wrong for r in mine)}",
            )
        )
    heads = ("cell", "automata", "units", "certified for every length", "s each", "strings in PyTorch", "wrong strings")
    table(heads, lines)


def random_minimal(draw: np.random.Generator) -> Automaton:
    """A random automaton of which no two states are equivalent and every state is reached."""
    while True:
        states, symbols = int(draw.integers(2, 13)), int(draw.integers(2, 5))
        next_state = draw.integers(0, states, (states, symbols))
        accepting = draw.random(states) < 0.5
        if is_minimal(next_state, accepting):
            rows = tuple(tuple(map(str, row)) for row in next_state.tolist())
            return Automaton(table=rows, accepting=tuple(np.flatnonzero(accepting).tolist()))


def is_minimal(next_state: np.ndarray, accepting: np.ndarray) -> bool:
    """Moore's refinement of the partition by acceptance, and reachability."""
    reached = {0}
    while (more := reached | {int(s) for r in reached for s in next_state[r]}) != reached:
        reached = more
    block = accepting.astype(int)
    for _ in range(len(block)):
        marks = np.column_stack([block, block[next_state]])
        block = np.unique(marks, axis=0, return_inverse=True)[1].ravel()
    return len(reached) == len(block) and len(set(block.tolist())) == len(block)


def known() -> dict[str, Automaton]:
    """Automata with a name."""
    cycle = tuple((str(n), str((n + 1) % 5), str((n - 1) % 5)) for n in range(5))
    return {
        **{f"Tomita {n}": tomita(n) for n in range(1, 8)},
        "even pairs": Automaton(expression="(a(a|b)*a|b(a|b)*b|a|b)?"),
        "parity": Parity(),
        "modular": Modular(),
        "cycle navigation": Automaton(table=cycle),
    }


def tomita(number: int) -> Automaton:
    """The languages of Tomita 1982 by their tables, which are those of the smallest automata."""
    tables = {
        1: ((1, 0), (1, 1)),
        2: ((2, 1), (0, 2), (2, 2)),
        3: ((0, 1), (2, 0), (3, 4), (2, 1), (4, 4)),
        4: ((1, 0), (2, 0), (3, 0), (3, 3)),
        5: ((1, 2), (0, 3), (3, 0), (2, 1)),
        6: ((1, 2), (2, 0), (0, 1)),
        7: ((0, 1), (2, 1), (2, 3), (4, 3), (4, 4)),
    }
    accepting = {1: (0,), 2: (0,), 3: (0, 1, 3), 4: (0, 1, 2), 5: (0,), 6: (0,), 7: (0, 1, 2, 3)}
    return Automaton(
        table=tuple(tuple(map(str, row)) for row in tables[number]), accepting=accepting[number], alphabet="01"
    )


def wrong_answers(network: Network, task: Automaton, strings: int, draw: np.random.Generator) -> int:
    """How many of these random strings have a wrong answer after any of their symbols, in PyTorch's own layer."""
    layer, readout = in_torch(network)
    wrong = 0
    for length, count in zip(LENGTHS, divided(strings, len(LENGTHS)), strict=True):
        if count:
            wrong += int(errors(layer, readout, task, count, length, draw).sum())
    return wrong


def divided(count: int, parts: int) -> list[int]:
    return [count // parts + (n < count % parts) for n in range(parts)]


def errors(layer, readout, task: Automaton, strings: int, length: int, draw: np.random.Generator) -> np.ndarray:
    """Whether any answer is wrong, [string]."""
    import torch

    machine = task.automaton
    cumulated = np.cumsum(machine.weights, 1)
    cumulated[:, -1] = 1.0
    state, carried = np.zeros(strings, int), None
    found = np.zeros(strings, bool)
    for first in range(0, length, PIECE):
        steps = min(PIECE, length - first)
        read, answers = np.zeros((strings, steps), int), np.zeros((strings, steps), int)
        for step in range(steps):
            read[:, step] = (draw.random(strings)[:, None] >= cumulated[state]).sum(1)
            state = machine.next[state, read[:, step]]
            answers[:, step] = machine.answer[state]
        inputs = torch.nn.functional.one_hot(torch.tensor(read), len(machine.symbols)).float()
        with torch.no_grad():
            hidden, carried = layer(inputs, carried)
            said = readout(hidden).argmax(-1).numpy()
        found |= ((said != answers) & (answers >= 0)).any(1)
    return found


def in_torch(network: Network):
    """The layer and the linear read-out in PyTorch, with the weights of this network by gate."""
    import torch

    kinds = {
        "elman": (torch.nn.RNN, ("candidate",)),
        "gru": (torch.nn.GRU, ("reset", "update", "candidate")),
        "lstm": (torch.nn.LSTM, ("input", "forget", "candidate", "output")),
    }
    kind, order = kinds[network.cell_name]
    layer = kind(network.inputs, network.units, batch_first=True)
    x, h = network.layers[0]["x"], network.layers[0]["h"]

    def stacked(linear, part: str):
        given = getattr(linear, part)
        if given is None:
            return torch.zeros(len(order) * network.units)
        parts = dict(zip(linear.gates, np.split(np.asarray(given), len(linear.gates), axis=-1), strict=True))
        return torch.tensor(np.concatenate([parts[gate] for gate in order], -1).T.copy())

    with torch.no_grad():
        layer.weight_ih_l0.copy_(stacked(x, "matrix"))
        layer.weight_hh_l0.copy_(stacked(h, "matrix"))
        layer.bias_ih_l0.copy_(stacked(x, "bias"))
        layer.bias_hh_l0.copy_(stacked(h, "bias"))
        readout = torch.nn.Linear(network.units, network.outputs)
        readout.weight.copy_(torch.tensor(np.asarray(network.readout.matrix).T.copy()))
        readout.bias.copy_(torch.tensor(np.asarray(network.readout.bias)))
    return layer, readout


if __name__ == "__main__":
    sys.exit(main())
