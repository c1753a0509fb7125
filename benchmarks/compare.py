"""A study killed three times at random moments, the cores that it keeps busy, its store and its report at ten thousand
points.

    python benchmarks/compare.py            a small grid (4 cells x 2 lags x 3 rates x 8 seeds), some minutes on 2 cores
    python benchmarks/compare.py --full     4 cells x 5 lags x 2 sizes x 3 rates x 20 seeds = 2400 points
    python benchmarks/compare.py --workers 16 --budget 4000 --json figures.json

1. The grid is run without an interrupt; the processor time of all its processes beside the time on the clock says how
   busy the cores were.
2. It is run again into another store, its whole process group killed (SIGKILL) at three random moments, and resumed.
   Every point has to be there once, and every figure and weight equal, bit for bit.
3. Ten thousand made-up points of that grid's kind, with networks of 32 units, are kept one unit at a time, as a study
   does; what that takes is set beside the time in which step 1 would have trained as many. Then they are reported.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

SMALL = ((5, 10), (8,), (0.003, 0.01, 0.03), 8)
FULL = ((10, 30, 100, 300, 1000), (8, 32), (0.001, 0.003, 0.01), 20)
"""Lags, units, learning rates and seeds."""
CELLS = ("elman", "lstm", "gru", "one_network")
POINTS = 10_000
NAME = "benchmark"


def study(full: bool, budget: int):
    from holdfast.comparison.grid.grid import Grid
    from holdfast.comparison.grid.lags import with_lags
    from holdfast.comparison.study import Study
    from holdfast.training.settings import Settings

    lags, units, rates, seeds = FULL if full else SMALL
    tasks = with_lags("recall", {}, lags)
    over = {"task": tasks, "cell": CELLS, "units": units, "learning_rate": rates}
    return Study(NAME, (Grid(Settings(tasks[0], seeds=seeds, budget=budget), over),))


def train(path: Path, full: bool, budget: int, workers: int) -> None:
    """What the killed process does."""
    from holdfast.comparison.run import run_study
    from holdfast.comparison.store.store import Store

    with Store(path) as store:
        run_study(study(full, budget), store, workers=workers)


def spawned(path: Path, args: argparse.Namespace) -> subprocess.Popen:
    words = [sys.executable, str(Path(__file__).resolve()), "--train", str(path), "--budget", str(args.budget)]
    words += ["--workers", str(args.workers)] + (["--full"] if args.full else [])
    return subprocess.Popen(words, start_new_session=True)


def uninterrupted(path: Path, args: argparse.Namespace) -> dict:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    if spawned(path, args).wait():
        raise SystemExit("the study failed")
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    cores = min(args.workers, len(os.sched_getaffinity(0)))
    return {"seconds": seconds, "cores": cores, "core_seconds": spent, "busy": spent / seconds / cores}


def killed(path: Path, args: argparse.Namespace, of: int) -> dict:
    """Three kills, each at a random moment after a random share of the points is there: what is compiled already makes
    a second run of the same grid faster, so that moments by the clock alone might all come after its end."""
    moments = random.Random(args.seed)
    kept = []
    for share in sorted(moments.uniform(0.02, 0.9) for _ in range(3)):
        running = spawned(path, args)
        while running.poll() is None and stored(path) < share * of:
            time.sleep(0.05)
        time.sleep(moments.uniform(0.0, 1.0))
        if running.poll() is not None:
            raise SystemExit("the study was done before it could be killed: give it a larger --budget")
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        kept.append(stored(path))
    if spawned(path, args).wait():
        raise SystemExit("the resumed study failed")
    return {"points_kept": kept}


def stored(path: Path) -> int:
    if not path.exists():
        return 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        try:
            return connection.execute("SELECT count(*) FROM points").fetchone()[0]
        except sqlite3.OperationalError:  # its tables are not there yet
            return 0


def points(path: Path, networks: bool = False) -> list:
    """Everything but the time that it took."""
    from holdfast.comparison.store.store import Store
    from holdfast.engine.files import tensors

    with Store(path, write=False) as store:
        if NAME not in store.studies():
            return []
        found = store.results(NAME).points
        plain = [repr(replace(p, seconds=0.0)) for p in found]  # as text: NaN is not equal to itself
        if not networks:
            return plain
        weights = [{k: v.tobytes() for k, v in tensors(store.network(p)).items()} for p in found]
        return list(zip(plain, weights, strict=True))


def store_and_report(folder: Path, seconds_per_point: float | None) -> dict:
    from holdfast.comparison.executors.units import divide
    from holdfast.comparison.executors.worker import FinishedNetwork
    from holdfast.comparison.grid.grid import Grid
    from holdfast.comparison.grid.lags import with_lags
    from holdfast.comparison.results.answer import answer
    from holdfast.comparison.results.page import document
    from holdfast.comparison.results.result import Result
    from holdfast.comparison.store.store import Store
    from holdfast.comparison.study import Study
    from holdfast.engine.files import as_bytes
    from holdfast.engine.initialise import build
    from holdfast.report import page
    from holdfast.report.terminal import draw
    from holdfast.training.settings import Settings

    tasks = with_lags("recall", {}, range(10, 1010, 40))
    over = {"task": tasks, "cell": CELLS, "learning_rate": (0.001, 0.01)}
    grid = Grid(Settings(tasks[0], units=32, seeds=50, budget=20_000), over)
    assert grid.of == POINTS
    network = as_bytes(build("lstm", inputs=1, units=32, outputs=1), {"made_by": "benchmark"})
    asked = Study("many", (grid,))
    with Store(folder / "many.sqlite") as store:
        began = time.monotonic()
        units = divide(store.begin(asked))
        begun = time.monotonic() - began
        began = time.monotonic()
        for number, unit in enumerate(units):
            place, words = unit.configuration.place, ("not solved", "solved", "solved")
            made = [
                Result(n, words[(n + number) % 3], 9000, 0.1, 0.1, 1.0, place, -0.1, -0.01, 1.0) for n in unit.numbers
            ]
            store.keep([FinishedNetwork(result, network) for result in made])
        kept = time.monotonic() - began
        began = time.monotonic()
        found = answer(asked, store.results("many"))
        text = sys.stdout
        with open(os.devnull, "w") as sys.stdout:
            draw(found.parts())
        sys.stdout = text
        drawn = time.monotonic() - began
        began = time.monotonic()
        page.write("compare", "many", document(answer(asked, store.results("many")), {}), folder / "many.html")
        paged = time.monotonic() - began
    return {
        "begin_seconds": begun,
        "keep_seconds": kept,
        "share_of_time": (begun + kept) / (POINTS * seconds_per_point) if seconds_per_point else None,
        "report_seconds": drawn,
        "page_seconds": paged,
        "megabytes": (folder / "many.sqlite").stat().st_size / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="the grid of 2400 points")
    parser.add_argument("--budget", type=int, help="sequences per point (default: 1000 with --full, else 2000)")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--only", choices=("kills", "store"), help="one part of it")
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.budget = args.budget or (1000 if args.full else 2000)
    if args.train:
        train(args.train, args.full, args.budget, args.workers)
        return
    of = study(args.full, args.budget).of
    figures: dict = {"points": of, "budget": args.budget, "workers": args.workers}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        per_point = None
        if args.only != "store":
            figures["uninterrupted"] = whole = uninterrupted(folder / "whole.sqlite", args)
            per_point = whole["seconds"] / of
            figures["resumed"] = killed(folder / "killed.sqlite", args, of)
            one, other = points(folder / "whole.sqlite", True), points(folder / "killed.sqlite", True)
            figures["resumed"] |= {"points": len(other), "equal": one == other and len(other) == of}
        figures["store"] = store_and_report(folder, per_point)
    show(figures)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n")
    if args.only != "store" and not figures["resumed"]["equal"]:
        raise SystemExit("the resumed study differs from the uninterrupted one")


def show(figures: dict) -> None:
    rows = [("points", f"{figures['points']:,}"), ("workers", str(figures["workers"]))]
    if whole := figures.get("uninterrupted"):
        resumed = figures["resumed"]
        rows += [
            ("uninterrupted", f"{whole['seconds']:.0f} s"),
            ("cores busy (85 % asked)", f"{100 * whole['busy']:.1f} % of {whole['cores']}"),
            ("killed with so many points kept", ", ".join(map(str, resumed["points_kept"]))),
            ("points at the end", f"{resumed['points']:,}"),
            ("equal, weights included", "yes" if resumed["equal"] else "NO"),
        ]
    s = figures["store"]
    share = f"{100 * s['share_of_time']:.3f} %" if s["share_of_time"] else "not measured"
    rows += [
        ("store, 10,000 points", f"{s['begin_seconds'] + s['keep_seconds']:.2f} s, {s['megabytes']:.0f} MB"),
        ("share of the time (2 % asked)", share),
        ("report of them (5 s asked)", f"{s['report_seconds']:.2f} s"),
        ("page of them", f"{s['page_seconds']:.2f} s"),
    ]
    for name, value in rows:
        print(f"{name:<32}{value}")


if __name__ == "__main__":
    main()
