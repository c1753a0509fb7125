"""How fast layers of today run forward and backward on a processor: holdfast against PyTorch and plain JAX.

    python benchmarks/today.py
    python benchmarks/today.py --cells mamba lru --without-seeds
    python benchmarks/today.py --curves              (our time against steps, batch, heads, units)
    python benchmarks/today.py --memory              (the largest memory of one gradient, against steps)

Timed is the gradient with respect to all weights of one layer, in float32, by two threads, compiled and warmed up
beforehand: the median over rounds in which everyone works in turn. Contestants are written independently of holdfast,
each in a process of its own, and the norms of everyone's gradients are compared before anything is timed.

cell                        against                                                  required
mamba, lru, mingru          PyTorch in a loop, JAX's associative_scan and lax.scan   3 times as fast as the best
deltanet, gla, mlstm        PyTorch's chunked form, lax.scan                         2 times
slstm                       PyTorch in a loop, lax.scan                              5 times
64 seeds at once            one seed after the other, ours                           2 times

Ours is the engine that a training uses with ``--engine auto``; the other engines that can run the cell stand beside it,
with how many times as long they take. The 64 seeds are of a size that studies train (``SEEDS``): a network that fills
the machine alone gains nothing from company.

The floor of a row is what its arithmetic and its memory traffic take on this machine: the larger one of the operations
over the rate of a large product, and of the bytes over the rate of a large copy, both measured beside the row by
PyTorch. How they are counted stands in ``layers.arithmetic``. exp counts as one operation and no product of matrices is
as fast as a large one, so that nobody reaches the floor; the share of it says how far a faster program could get.

Memory is the growth of the largest resident memory by one gradient. Beside it stands what the backward pass cannot do
without: the matrices at the borders of chunks, the gates and the outputs. Memory is held to 1.3 times these.

Run it on a machine that does nothing else; the load (number of programs that want to run, over the last minute) is told
in every row. PyTorch's threads wait by spinning, so that one other busy program makes them many times slower. "ms of
processors" is the time of all threads together, which a busy machine stretches less.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from dataclasses import asdict, dataclass, replace

from kernels import THREADS, Entrant, against, hold_processors, together
from layers import GATES, MATRIX, Layer, arithmetic, kept_at_borders, kept_of_gates
from recurrence import Timed, points_of, quartiles, spread
from side_by_side import CONTESTANTS, Contestant, machine, missing, parser, table

SIZES = "networks x batch x steps x inputs x units x heads"
PRODUCTS = 5
"""How many large products and copies the rates of this machine are the best of, before and after each row."""


@dataclass(frozen=True)
class Row:
    cell: str
    size: Layer
    ratio: float
    others: tuple[tuple[str, str], ...]
    """Contestant and form."""


LOOP, ASSOCIATIVE, SCAN = ("PyTorch", "loop"), ("JAX", "associative"), ("JAX", "scan")
CHUNKED = ("PyTorch", "chunked")
VECTORS, MATRICES = Layer(1, 8, 1024, 64, 64), Layer(1, 8, 512, 64, 64, 4)
ROWS = (
    *(Row(cell, VECTORS, 3, (LOOP, ASSOCIATIVE, SCAN)) for cell in ("mamba", "lru", "mingru")),
    *(Row(cell, MATRICES, 2, (CHUNKED, SCAN)) for cell in MATRIX),
    *(Row("slstm", Layer(1, 8, 512, n, n, 4), 5, (LOOP, SCAN)) for n in (32, 128)),
)
SEEDS, SEEDS_RATIO = Layer(64, 8, 40, 8, 32), 2.0
CURVES = {"steps": (128, 256, 512, 1024, 2048), "batch": (1, 4, 16, 64), "heads": (1, 2, 4, 8), "units": (32, 64, 128)}
MEMORY, MEMORY_RATIO = (512, 1024, 2048, 4096), 1.3
HEADS = (*MATRIX, "slstm")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--cells", nargs="+", choices=tuple(GATES), default=tuple(GATES))
    options.add_argument("--rounds", type=int, default=7, help="default: 7")
    options.add_argument("--seconds", type=float, default=2.0, help="of each contestant in each row (default: 2)")
    options.add_argument("--without-seeds", action="store_true", help="leave out 64 seeds at once")
    options.add_argument("--curves", action="store_true", help="our time against steps, batch, heads and units")
    options.add_argument("--memory", action="store_true", help="the largest memory of one gradient against steps")
    asked = options.parse_args()
    held = hold_processors()
    (memory if asked.memory else curves if asked.curves else rows)(asked)
    if not asked.json:
        print(", ".join(f"{name} {value}" for name, value in {**machine(), "threads on": held}.items()))


@dataclass(frozen=True)
class Rates:
    """What this machine can do, the better of before and after a row: operations and bytes per second, and its load."""

    peak: float
    bandwidth: float
    load: float

    def floor(self, cell: str, of: Layer) -> float:
        """Seconds that one gradient takes at least."""
        needed = arithmetic(cell, of)
        return max(needed.operations / self.peak, needed.bytes / self.bandwidth)


@dataclass(frozen=True)
class Done:
    """A row, measured. The first of ``timed`` is ours, then our other engines, then the contestants."""

    row: Row
    engine: str
    timed: list[Timed]
    outside: int
    rates: Rates

    @property
    def best(self) -> Timed:
        return min(self.timed[-self.outside :], key=lambda one: one.median)

    @property
    def ratio(self) -> tuple[float, float, float]:
        return self.best.over(self.timed[0])


def rows(asked: argparse.Namespace) -> None:
    """The tables of rows and of seeds."""
    if missing(["torch"]):
        raise SystemExit("Nobody to be compared with.")
    others = {"PyTorch": Contestant("today_torch.py"), "JAX": Contestant("today_jax.py")}
    ours = Contestant("today_holdfast.py")
    done = [measured(row, ours, others, asked) for row in ROWS if row.cell in asked.cells]
    seeds = [] if asked.without_seeds else [many(cell, ours, asked) for cell in asked.cells]
    for process in (ours, *others.values()):
        process.close()
    if asked.json:
        found = [document(one) for one in done]
        at_once = [{"cell": one.cell, "size": str(one.size), "seconds": one.seconds} for two in seeds for one in two]
        print(json.dumps({"machine": machine(), "threads": THREADS, "rows": found, "seeds": at_once}, indent=1))
        return
    lines = [line for one in done for line in lines_of(one)]
    table(tuple(lines[0]), [tuple(line.values()) for line in lines])
    print()
    if seeds:
        heads = ("cell", SIZES, "ms, one seed", "ms, all", "one after the other, over all at once", "required")
        table(heads, [seeds_line(one, all) for one, all in seeds])
        print()


def measured(row: Row, ours: Contestant, others: dict[str, Contestant], asked: argparse.Namespace) -> Done:
    auto = ours.ready["auto"][row.cell]
    engines = [auto, *(name for name in ours.ready["suitable"][row.cell] if name != auto)]
    entrants = [Entrant(f"holdfast, {name}", ours, name, row.cell, row.size) for name in engines]
    entrants += [Entrant(f"{by}, {form}", others[by], form, row.cell, row.size) for by, form in row.others]
    before = others["PyTorch"].ask(peak=PRODUCTS)
    timed = together(entrants, asked.rounds, asked.seconds)
    after = others["PyTorch"].ask(peak=PRODUCTS)
    peak, bandwidth = (max(before[name], after[name]) for name in ("peak", "bandwidth"))
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return Done(row, auto, timed, len(row.others), Rates(peak, bandwidth, load))


def many(cell: str, ours: Contestant, asked: argparse.Namespace) -> list[Timed]:
    """One seed, and as many as ``SEEDS`` has at once."""
    all = replace(SEEDS, heads=4 if cell in HEADS else 1)
    engine = ours.ready["auto"][cell]
    entrants = [Entrant("holdfast", ours, engine, cell, size) for size in (replace(all, networks=1), all)]
    return together(entrants, asked.rounds, asked.seconds)


def seeds_line(one: Timed, all: Timed) -> tuple[str, ...]:
    ratio = in_turn_over_at_once(one, all)
    times = (spread(quartiles([1e3 * s for s in timed.seconds])) for timed in (one, all))
    return (one.cell, str(all.size), *times, spread(ratio), against(ratio, SEEDS_RATIO))


def in_turn_over_at_once(one: Timed, all: Timed) -> tuple[float, float, float]:
    low, middle, high = (all.size.networks * n for n in one.over(all))
    return low, middle, high


def lines_of(done: Done) -> list[dict[str, str]]:
    """A line for everyone who took part; what is common to the row stands in the first."""
    row, ours, needed = done.row, done.timed[0], arithmetic(done.row.cell, done.row.size)
    floor, lines = done.rates.floor(row.cell, row.size), []
    common = {
        "cell": row.cell,
        SIZES: str(row.size),
        "MFlop": f"{needed.maps / 1e6:.3g} + {needed.step / 1e6:.3g}",
        "MB": f"{needed.bytes / 1e6:.3g}",
        "GFlop/s, GB/s": f"{done.rates.peak / 1e9:.0f}, {done.rates.bandwidth / 1e9:.0f}",
        "floor, ms": f"{1e3 * floor:.3g}",
        "load": f"{done.rates.load:.1f}",
    }
    for number, one in enumerate(done.timed):
        outside = number >= len(done.timed) - done.outside
        ratio = "best" if one == done.best else "" if outside else f"({one.median / ours.median:.3g} times ours)"
        lines.append(
            {
                **(common if number == 0 else dict.fromkeys(common, "")),
                "by": one.by,
                "ms": spread(quartiles([1e3 * s for s in one.seconds])),
                "ms of processors": f"{1e3 * statistics.median(one.processor_seconds):.3g}",
                "share of floor": f"{100 * floor / one.median:.2g} %",
                "best over ours": spread(done.ratio) if number == 0 else ratio,
                "required": against(done.ratio, row.ratio) if number == 0 else "",
            }
        )
    return lines


def document(done: Done) -> dict:
    return {
        "cell": done.row.cell,
        "size": str(done.row.size),
        "required": done.row.ratio,
        "engine": done.engine,
        "arithmetic": asdict(arithmetic(done.row.cell, done.row.size)),
        "rates": asdict(done.rates),
        "floor": done.rates.floor(done.row.cell, done.row.size),
        "best": done.best.by,
        "ratio": done.ratio,
        "by": {one.by: one.seconds for one in done.timed},
        "processors": {one.by: one.processor_seconds for one in done.timed},
    }


def curves(asked: argparse.Namespace) -> None:
    """Our time as one number of a row's size changes; where it is linear, time per operation stays the same."""
    ours = Contestant("today_holdfast.py")
    found = {}
    for cell in asked.cells:
        base = MATRICES if cell in HEADS else VECTORS
        for axis, values in CURVES.items():
            if axis == "heads" and cell not in HEADS:
                continue
            sizes = [replace(base, **{axis: n, **({"inputs": n} if axis == "units" else {})}) for n in values]
            all = [Entrant("holdfast", ours, ours.ready["auto"][cell], cell, size) for size in sizes]
            found[cell, axis] = together(all, asked.rounds, asked.seconds)
    ours.close()
    if asked.json:
        print(json.dumps({"machine": machine(), "curves": points_of(found)}, indent=1))
        return
    for (cell, axis), timed in found.items():
        print(f"{cell}, {timed[0].size}, {axis} changed")
        table((axis, "ms", "MFlop", "ps per operation"), [curve_line(axis, one) for one in timed])
        print()


def curve_line(axis: str, one: Timed) -> tuple[str, ...]:
    assert isinstance(one.size, Layer)
    operations = arithmetic(one.cell, one.size).operations
    ms = spread(quartiles([1e3 * s for s in one.seconds]))
    return str(getattr(one.size, axis)), ms, f"{operations / 1e6:.4g}", f"{1e12 * one.median / operations:.3g}"


def memory(asked: argparse.Namespace) -> None:
    """The largest memory of one gradient of the cells with a matrix, in a process of its own, as steps grow."""
    found = []
    for cell in (cell for cell in asked.cells if cell in MATRIX):
        for steps in MEMORY:
            of = replace(MATRICES, steps=steps)
            command = [sys.executable, str(CONTESTANTS / "today_holdfast.py"), "--cell", cell, "--memory", str(of)]
            print(" ".join(command[2:]), file=sys.stderr)
            done = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
            borders, gates = kept_at_borders(cell, of, done["chunk"]), kept_of_gates(cell, of)
            found.append({"cell": cell, "size": str(of), "borders": borders, "gates": gates, **done})
    if asked.json:
        print(json.dumps({"machine": machine(), "memory": found}, indent=1))
        return
    heads = (
        "cell",
        SIZES,
        "steps of a chunk",
        "MB",
        "MB of borders",
        "MB of gates and outputs",
        "over both",
        "required",
    )
    lines = []
    for one in found:
        ratio = one["bytes"] / (one["borders"] + one["gates"])
        verdict = f"<= {MEMORY_RATIO} {'met' if ratio <= MEMORY_RATIO else 'NOT MET'}"
        sizes = (f"{one[name] / 1e6:.4g}" for name in ("bytes", "borders", "gates"))
        lines.append((one["cell"], one["size"], str(one["chunk"]), *sizes, f"{ratio:.2f}", verdict))
    table(heads, lines)


if __name__ == "__main__":
    main()
