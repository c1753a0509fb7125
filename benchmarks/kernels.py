"""How fast a recurrence runs forward and backward: holdfast's kernels against PyTorch's layers and JAX's scan.

    python benchmarks/kernels.py                       (about a quarter of an hour on two cores)
    python benchmarks/kernels.py --cells lstm --rows 1 4
    python benchmarks/kernels.py --curves              (time against steps, networks, batch and units)
    python benchmarks/kernels.py --memory              (the largest memory of one gradient)

Timed is the gradient with respect to all weights of the cell, in float32, by two threads, compiled and warmed up
beforehand: the median over rounds in which everyone works in turn. A row is held to its wanted ratio: the time of its
best contestant over ours, whose best form counts: PyTorch's layers in a loop or one batched product, plain JAX mapped
or batched. Every contestant's gradients are compared before anything is timed. Our own engine "loop" is told beside
them with its own ratio, and is held to nothing: it is JAX with an option that makes small loops about three times as
fast, so that it is no contestant from outside. Everyone keeps memory that was given back for the next call.

A sequence step is one step of one sequence of one network: time / (networks * batch * steps). Operations are those of
the matrix products: forward, for the gradient of the state, for the gradient of the weights (see recurrence.py).
"of peak" is their rate over the rate of one large product on this machine; "wanted of peak", beside the best
contestant, is the rate that the wanted ratio asks of us. In brackets are the quartiles of the rounds;
a ratio is that of the medians, so that in a disturbed row it may lie outside the quartiles of the rounds' ratios.

Run it on a machine that does nothing else. PyTorch's threads wait by spinning, so that one other busy program makes
them many times slower; the lowest peak just before and after a row, in GFlop/s, stands in its line and gives it away.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, astuple, dataclass, replace

from recurrence import Size, Timed, activations, operations, points_of, quartiles, size, spread
from side_by_side import CONTESTANTS, Contestant, machine, missing, parser, table

CELLS = ("lstm", "gru", "elman")
SIZES = "networks x batch x steps x inputs x units"
OURS, OURS64, OURS_LOOP = "holdfast", "holdfast, float64", "holdfast, loop"
MINE = (OURS, OURS64, OURS_LOOP)
THREADS = 2
KEPT_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**40), "MALLOC_ARENA_MAX": "1"}
"""What the GNU C library reads at a process's start; of no effect elsewhere."""
PAUSE = 0.02
"""Seconds before everyone's turn, in which the threads of who worked before go to sleep."""
LEAST = 3
"""Rounds that also the slow take part in."""
PRODUCTS = 5
"""How many large products the peak is the best of, before and after each row."""
FLOAT64 = 0.4
"""Our rate in float64 over that in float32, wanted."""
AGREE = 1e-3
"""By how much the norms of two contestants' gradients may differ, relatively."""


@dataclass(frozen=True)
class Row:
    """A size, and how many times as fast as the best contestant holdfast is to be with an LSTM."""

    size: Size
    ratio: float

    def wanted(self, cell: str) -> float:
        return self.ratio if cell == "lstm" else 0.7 * self.ratio


ROWS = (
    Row(size("1x1x1000x2x32"), 8),
    Row(size("64x1x1000x2x32"), 18),
    Row(size("64x32x100x2x32"), 4),
    Row(size("256x1x100x8x8"), 6),
    Row(size("1x32x1000x1x32"), 5),
    Row(size("1x64x100x64x128"), 1.3),
    Row(size("1x64x100x64x512"), 1.3),
)
BASE = size("1x1x1000x2x32")
CURVES = {
    "steps": (100, 300, 1000, 3000),
    "networks": (1, 4, 16, 64, 256),
    "batch": (1, 4, 16, 64),
    "units": (8, 16, 32, 64, 128, 256),
}
MEMORY = (
    (size("64x32x1000x2x32"), None),
    (size("1x32x10000x2x32"), None),
    (size("1x32x10000x2x32"), 100),
    (size("1x32x10000x2x32"), 10),
)


@dataclass(frozen=True)
class Entrant:
    """Someone to be timed: a process, and what to ask it for."""

    by: str
    process: Contestant
    form: str
    cell: str
    size: Size

    def ask(self, **more: int) -> dict:
        return self.process.ask(form=self.form, cell=self.cell, size=str(self.size), **more)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--cells", nargs="+", choices=CELLS, default=CELLS)
    numbers = range(1, len(ROWS) + 1)
    options.add_argument("--rows", nargs="+", type=int, choices=numbers, default=numbers, help="default: all")
    options.add_argument("--rounds", type=int, default=9, help="default: 9")
    seconds = f"of each contestant in each row, {LEAST} rounds at least (default: 3)"
    options.add_argument("--seconds", type=float, default=3.0, help=seconds)
    options.add_argument("--float64", action="store_true", help="a column more: our rate in float64 over float32")
    options.add_argument("--without-native", action="store_true", help="the others only, ours left out")
    options.add_argument("--curves", action="store_true", help="our time against steps, networks, batch and units")
    options.add_argument("--axes", nargs="+", choices=tuple(CURVES), default=tuple(CURVES), help="of the curves")
    options.add_argument("--memory", action="store_true", help="the largest memory of forward and backward")
    asked = options.parse_args()
    if asked.curves and asked.without_native:
        options.error("--curves times ours, which --without-native leaves out")
    held = hold_processors()
    if asked.memory:
        memory(asked)
    elif asked.curves:
        curves(asked)
    else:
        rows(asked)
    if not asked.json:
        print(", ".join(f"{name} {value}" for name, value in {**machine(), "threads on": held}.items()))


def hold_processors() -> str:
    """Keep this process, and so every contestant, to two of the processors it may use; to choose, start by taskset.

    Everyone keeps memory that was given back, as ``holdfast.engine.compiled.keep_memory`` has it (GNU C library):
    else who makes large arrays fills fresh pages at every call, which is timing the system."""
    os.environ |= {"HOLDFAST_THREADS": str(THREADS), **KEPT_MEMORY}
    if not hasattr(os, "sched_setaffinity"):
        return f"any processor: XLA may use more than {THREADS} threads here"
    held = sorted(os.sched_getaffinity(0))[:THREADS]
    os.sched_setaffinity(0, held)
    return f"processors {', '.join(str(n) for n in held)}"


def rows(asked: argparse.Namespace) -> None:
    """The one table."""
    if missing(["torch"]):
        raise SystemExit("Nobody to be compared with.")
    processes = {"PyTorch": Contestant("recurrent_torch.py"), "JAX": Contestant("recurrent_jax.py")}
    processes[OURS_LOOP] = Contestant("recurrent_holdfast.py", "--engine", "loop")
    if not asked.without_native:
        processes[OURS] = Contestant("recurrent_holdfast.py", "--engine", "native")
    if asked.float64 and not asked.without_native:
        processes[OURS64] = Contestant("recurrent_holdfast.py", "--engine", "native", "--dtype", "float64")
    done = []
    for cell in asked.cells:
        for row in (ROWS[n - 1] for n in asked.rows):
            before = processes["PyTorch"].ask(peak=PRODUCTS)["peak"]
            timed = together(entrants(processes, cell, row.size), asked.rounds, asked.seconds)
            done.append(Done(row, timed, (before, processes["PyTorch"].ask(peak=PRODUCTS)["peak"])))
    versions = {name: processes[name].ready["version"] for name in ("PyTorch", "JAX")}
    for process in processes.values():
        process.close()
    peak = max(peak for one in done for peak in one.peaks)
    if asked.json:
        documents = [document(one, peak) for one in done]
        print(json.dumps({"machine": machine(), "versions": versions, "peak": peak, "rows": documents}, indent=1))
        return
    lines = [line for one in done for line in lines_of(one, peak)]
    heads = tuple(head for head in lines[0] if any(line[head] for line in lines))
    table(heads, [tuple(line[head] for head in heads) for line in lines])
    print(
        f"peak: {peak / 1e9:.0f} GFlop/s, the best of {2 * PRODUCTS * len(done)} products of 2048 x 2048 in float32 by "
        f"PyTorch; of {THREADS} threads in every row, also where one network with batch 1 hardly has work for two"
    )
    print(", ".join(f"{name} {version}" for name, version in versions.items()))


def entrants(processes: dict[str, Contestant], cell: str, size: Size) -> list[Entrant]:
    """Who takes part in a row: for many networks, everyone in every form that there is."""
    many = size.networks > 1
    forms = {
        "PyTorch": ("modules", "batched") if many else ("modules",),
        "JAX": ("map", "vmap") if many else ("alone",),
        **dict.fromkeys(MINE, ("vmap",) if many else ("alone",)),
    }
    return [
        Entrant(name if name in MINE else f"{name}, {form}", process, form, cell, size)
        for name, process in processes.items()
        for form in forms[name]
    ]


def together(all: list[Entrant], rounds: int, seconds: float) -> list[Timed]:
    """Time everyone in turn, again and again, each for ``seconds`` in all; a round repeats what is over soon."""
    answers = [entrant.ask() for entrant in all]
    agree(all, answers)
    times = [max(1, int(seconds / rounds / answer["seconds"])) for answer in answers]
    taken: list[list[float]] = [[] for _ in all]
    used: list[list[float]] = [[] for _ in all]
    for number in range(rounds):
        for entrant, repeat, given, processors in zip(all, times, taken, used, strict=True):
            if number < LEAST or repeat * sum(given) < seconds:
                time.sleep(PAUSE)
                answer = entrant.ask(times=repeat)
                given.append(answer["seconds"])
                processors.append(answer["processor_seconds"])
    timed = [
        Timed(e.by, e.cell, e.size, tuple(given), tuple(processors))
        for e, given, processors in zip(all, taken, used, strict=True)
    ]
    for one in timed:
        print(f"{one.cell} {one.size}: {one.by}: {1e3 * one.median:.4g} ms", file=sys.stderr)
    return timed


def agree(all: list[Entrant], answers: list[dict]) -> None:
    """Exits where two contestants of one size do not compute the same gradients."""
    for entrant, answer in zip(all, answers, strict=True):
        for name, norm in answer["norms"].items():
            expected = answers[0]["norms"][name]
            if entrant.size == all[0].size and not abs(norm - expected) <= AGREE * expected:
                what = f"the gradient of {name} in {entrant.cell} {entrant.size}"
                raise SystemExit(f"{what}: norm {norm:.7g} by {entrant.by}, {expected:.7g} by {all[0].by}.")


@dataclass(frozen=True)
class Done:
    """A row, measured: ``peaks`` are those of this machine just before and just after it."""

    row: Row
    timed: list[Timed]
    peaks: tuple[float, float]


@dataclass(frozen=True)
class Ratios:
    """A row's best contestant from outside, how ours compares with it and with our engine "loop", and ours in float64
    with float32; None where left out."""

    best: Timed
    ratio: tuple[float, float, float] | None
    loop: tuple[float, float, float] | None
    float64: tuple[float, float, float] | None


def judge(timed: list[Timed]) -> Ratios:
    mine = {one.by: one for one in timed if one.by in MINE}
    best = min((one for one in timed if one.by not in mine), key=lambda one: one.median)
    if OURS not in mine:
        return Ratios(best, None, None, None)
    ours = mine[OURS]
    return Ratios(
        best, best.over(ours), mine[OURS_LOOP].over(ours), ours.over(mine[OURS64]) if OURS64 in mine else None
    )


def lines_of(done: Done, peak: float) -> list[dict[str, str]]:
    """A line for everyone who took part; what is common to the row stands in the first."""
    judged, cell = judge(done.timed), done.timed[0].cell
    wanted, lines = done.row.wanted(cell), []
    parts = (f"{n / 1e6:.3g}" for n in astuple(operations(cell, done.row.size)))
    common = {
        "cell": cell,
        SIZES: str(done.row.size),
        "MFlop": " + ".join(parts),
        "peak": f"{min(done.peaks) / 1e9:.0f}",
    }
    for one in done.timed:
        line = {
            **(common if not lines else dict.fromkeys(common, "")),
            "by": one.by,
            "ms": spread(quartiles([1e3 * s for s in one.seconds])),
            "µs per sequence step": f"{one.microseconds:.3g}",
            "GFlop/s": f"{one.rate / 1e9:.3g}",
            "of peak": f"{100 * one.rate / peak:.2g} %",
            "best over ours": "best" if one == judged.best else "",
            "wanted": "",
            "wanted of peak": f"{100 * wanted * one.rate / peak:.2g} %" if one == judged.best else "",
            "float64 over float32": "",
        }
        if one.by == OURS and judged.ratio is not None:
            line["best over ours"] = spread(judged.ratio)
            line["wanted"] = against(judged.ratio, wanted)
        if one.by == OURS_LOOP and judged.loop is not None:
            line["best over ours"] = f"({judged.loop[1]:.3g} times ours)"
        if one.by == OURS64 and judged.float64 is not None:
            line["float64 over float32"] = f"{spread(judged.float64)}, {against(judged.float64, FLOAT64)}"
        lines.append(line)
    return lines


def against(ratio: tuple[float, float, float], floor: float) -> str:
    return f">= {floor:.3g} {'met' if ratio[1] >= floor else 'NOT MET'}"


def document(done: Done, peak: float) -> dict:
    judged, cell, row = judge(done.timed), done.timed[0].cell, done.row
    return {
        "cell": cell,
        "size": str(row.size),
        "wanted": row.wanted(cell),
        "operations": asdict(operations(cell, row.size)),
        "peaks": done.peaks,
        "best": judged.best.by,
        "ratio": judged.ratio,
        "loop": judged.loop,
        "float64": judged.float64,
        "by": {
            one.by: {
                "seconds": one.seconds,
                "median": one.median,
                "microseconds": one.microseconds,
                "rate": one.rate,
                "of_peak": one.rate / peak,
            }
            for one in done.timed
        },
    }


def curves(asked: argparse.Namespace) -> None:
    """Our time as one number of ``BASE`` changes; where it is linear, time per unit of work stays the same."""
    process = Contestant("recurrent_holdfast.py", "--engine", "native")
    found = {}
    for cell in asked.cells:
        for axis in asked.axes:
            sizes = [replace(BASE, **{axis: value}) for value in CURVES[axis]]
            all = [Entrant(OURS, process, "alone" if s.networks == 1 else "vmap", cell, s) for s in sizes]
            found[cell, axis] = together(all, asked.rounds, asked.seconds)
    process.close()
    if asked.json:
        print(json.dumps({"machine": machine(), "curves": points_of(found)}, indent=1))
        return
    for (cell, axis), timed in found.items():
        print(f"{cell}, {BASE}, {axis} changed")
        lines = [
            (
                str(getattr(one.size, axis)),
                spread(quartiles([1e3 * s for s in one.seconds])),
                f"{one.microseconds:.3g}",
                f"{1e12 / one.rate:.3g}",
            )
            for one in timed
        ]
        table((axis, "ms", "µs per sequence step", "ps per operation"), lines)
        print()


def memory(asked: argparse.Namespace) -> None:
    """The largest memory of one gradient, in a process of its own, beside what its backward pass needs to have."""
    engines = {OURS_LOOP: "loop"} if asked.without_native else {OURS_LOOP: "loop", OURS: "native"}
    found = []
    for cell in asked.cells:
        for of, truncate in MEMORY:
            for by, engine in engines.items():
                command = [
                    sys.executable,
                    str(CONTESTANTS / "recurrent_holdfast.py"),
                    "--memory",
                    str(of),
                    "--cell",
                    cell,
                ]
                command += ["--engine", engine] + ([] if truncate is None else ["--truncate", str(truncate)])
                print(" ".join(command[2:]), file=sys.stderr)
                done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                needed = activations(cell, of)
                window = activations(cell, replace(of, steps=truncate)) if truncate else needed
                told = {"cell": cell, "size": str(of), "truncate": truncate, "by": by, "needed": needed}
                found.append({**told, "window": window, **json.loads(done.stdout)})
    if asked.json:
        print(json.dumps({"machine": machine(), "memory": found}, indent=1))
        return
    heads = ("cell", SIZES, "truncate", "by", "MB", "MB of all activations", "over these", "MB of a window's")
    lines = [
        (
            one["cell"],
            one["size"],
            str(one["truncate"] or ""),
            one["by"],
            f"{one['bytes'] / 1e6:.4g}",
            f"{one['needed'] / 1e6:.4g}",
            f"{one['bytes'] / one['needed']:.2f}",
            f"{one['window'] / 1e6:.4g}",
        )
        for one in found
    ]
    table(heads, lines)


if __name__ == "__main__":
    main()
