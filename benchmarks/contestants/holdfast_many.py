"""holdfast's whole ``train`` for many networks or one, called again and again in one process.

The first call compiles, and ``train`` keeps what it compiled; so every further call is what training itself takes:
first weights, updates in blocks on all cores, the check at the end, and the result.
"""

import argparse
import sys
import time
from pathlib import Path

from holdfast import Settings
from holdfast.tasks.echo import Echo
from holdfast.training.loop import train_networks

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from side_by_side import serve

SEQUENCES = (("3", "0", "1", "2", "3"), ("4", "0", "1", "2", "4"))
arguments = argparse.ArgumentParser()
arguments.add_argument("--networks", type=int, default=256)
arguments.add_argument("--epochs", type=int, default=250)
arguments.add_argument("--times", type=int, default=1)
asked = arguments.parse_args()

budget = asked.epochs * len(SEQUENCES)
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
    seeds=asked.networks,
    stop="budget",
)


def work():
    began = time.perf_counter()
    for _ in range(asked.times):
        done = train_networks(settings)
    seconds = time.perf_counter() - began
    return {"seconds": seconds / asked.times / asked.networks, "solved": done.rate.solved, "of": done.rate.of}


work()  # compiles
serve(work)
