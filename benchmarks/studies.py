"""Run every built-in study to its end and keep what came out as data, from which the documentation's pages are made.

    python benchmarks/studies.py --workers 16                   all of them, into studies/kept/
    python benchmarks/studies.py --only lag smallest            some of them
    python benchmarks/studies.py --quick --out /tmp/studies     a few seconds of training: shows that it runs

Points go into a store as they finish: a run that was stopped goes on from there with the same command, and what two
studies share is trained once. A study's file is written when all of it is done. Exit code 1 where --minutes were over
before that, 130 where it was interrupted.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path

import holdfast
from holdfast.comparison.run import Progress, run_study
from holdfast.comparison.store import stored_run
from holdfast.comparison.store.store import Store
from holdfast.studies import kept, questions

ORDER = ("tutorial", "shared_weights", "why_gates", "forget_bias", "lag", "smallest")
ROOT = Path(__file__).parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    names = questions.FOLDER.names()
    parser.add_argument("--only", nargs="+", default=[n for n in ORDER if n in names] + sorted({*names} - {*ORDER}))
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--store", type=Path, default=ROOT / "build" / "studies.sqlite")
    parser.add_argument("--out", type=Path, default=kept.FOLDER)
    parser.add_argument("--minutes", type=float, help="stop after so many minutes; what is finished is kept")
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    for folder in (asked.out, asked.store.parent):
        folder.mkdir(parents=True, exist_ok=True)
    over = []
    if asked.minutes:

        def end(number: int, frame: object) -> None:
            over.append(True)
            os.kill(os.getpid(), signal.SIGINT)

        signal.signal(signal.SIGALRM, end)
        signal.setitimer(signal.ITIMER_REAL, 60 * asked.minutes)
    with Store(asked.store) as store:
        for name in asked.only:
            if not _run(name, store, asked):
                return 1 if over else 130
    return 0


def _run(name: str, store: Store, asked: argparse.Namespace) -> bool:
    study = questions.get(name, quick=asked.quick)
    began = time.monotonic()
    told = [began]

    def watch(progress: Progress) -> None:
        if time.monotonic() - told[0] > 5:
            told[0] = time.monotonic()
            said = f"{progress.finished:,} of {progress.of:,} points, {progress.solved:,} solved"
            print(f"{name}: {said}, about {progress.seconds_left:.0f} s left", file=sys.stderr, flush=True)

    fresh: list[object] = []
    results, interrupted = run_study(study, store, workers=asked.workers, watch=watch, on_check=fresh.append)
    if interrupted:
        print(f"{name}: stopped at {results.done:,} of {results.of:,} points", flush=True)
        return False
    assert study.verdicts is not None
    trained = time.monotonic() - began
    verdicts = study.verdicts(results)
    whole = len(fresh) == results.done  # and none of its points was in the store before
    machine = stored_run.machine(asked.workers, trained if whole else None, holdfast.__version__)
    run = stored_run.StoredRun.of(results, verdicts, machine)
    stored_run.write(asked.out / f"{name}.json", run)
    counts = ", ".join(f"{count} {word}" for word, count in stored_run.counts(verdicts).items())
    judged = time.monotonic() - began - trained
    took = f"{trained:.0f} s ({run.core_seconds:.0f} s of cores), verdicts in {judged:.0f} s"
    print(f"{name}: {results.done:,} points in {took}: {counts}", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
