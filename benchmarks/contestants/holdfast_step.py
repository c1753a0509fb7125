"""holdfast in the demonstration's training: 2000 updates of one network, compiled beforehand.

That takes a hundredth of a second, too short to be timed once; a round is the mean over 20 trainings in a row.
"""

import argparse
import sys
import time
from pathlib import Path

import jax

from holdfast import Settings
from holdfast.tasks.echo import Echo
from holdfast.training.programs import Programs

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from side_by_side import serve

TIMES = 20
SEQUENCES = (("3", "0", "1", "2", "3"), ("4", "0", "1", "2", "4"))
arguments = argparse.ArgumentParser()
arguments.add_argument("--epochs", type=int, default=250)
epochs = arguments.parse_args().epochs

budget = epochs * len(SEQUENCES)
settings = Settings(
    Echo(sequences=SEQUENCES),
    cell="lstm",
    units=20,
    initialisation="keras",
    update="step",
    learning_rate=1e-3,
    clip=None,
    budget=budget,
    check_every=budget,
    seeds=1,
    stop="budget",
)
programs = Programs(settings)


def judged(learner):
    return programs.test(jax.tree.map(lambda a: a[0], learner.network), 0, settings.batches)


def work():
    start = programs.begin([0])
    began = time.perf_counter()
    for _ in range(TIMES):
        learner = programs.learn(start, settings.batches)
    seconds = (time.perf_counter() - began) / TIMES
    figures = judged(learner)
    return {"seconds": seconds, "loss": figures["loss"], "accuracy": figures["accuracy"]}


judged(programs.learn(programs.begin([0]), 1))  # compiles
serve(work)
