"""To which length does a network stay right that was trained at a short one, and what does a constructed network prove?

Networks are trained at 20 steps, the answer after every step included, and those that learn it are tested at up to 16
times as many. Beside them stands the network that ``holdfast construct`` writes down for the same task and cell, which
is proved to be right at every length in float32.

Deviations from the published settings: Delétang et al. train at lengths of 1 to 40 and test at up to 500; here all rows
have 20 steps, of which every prefix is scored, a network has 10,000 sequences, and one learning rate is used.

Source: Delétang et al. 2022, arXiv:2207.02098 (which networks are right at longer lengths); the constructions of this
program.
"""

from __future__ import annotations

import math
from dataclasses import replace

from holdfast.certification.prove import prove
from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.results.result import Result
from holdfast.comparison.results.results import Results
from holdfast.comparison.results.verdicts import Verdict
from holdfast.construction.evaluation.construction import construct
from holdfast.core.errors import Problem
from holdfast.core.rates import Rate
from holdfast.studies.questions import _trained
from holdfast.studies.questions._measures import NOTHING, Figures, learned, mostly
from holdfast.tasks.flip_flop import FlipFlop
from holdfast.tasks.parity import Parity
from holdfast.training.settings import Settings

STEPS = 20
TASKS = {"parity": Parity(steps=STEPS), "flip_flop": FlipFlop(steps=STEPS)}
CELLS = ("lstm", "gru", "elman")
SEEDS, UNITS, BUDGET = 20, 16, 10_000
FACTORS = (2, 4, 16)
ROWS = 256
PROOF_SECONDS = 60.0


def grids() -> tuple[Grid, ...]:
    tasks = tuple(TASKS.values())
    base = Settings(tasks[0], units=UNITS, seeds=SEEDS, budget=BUDGET, check_every=BUDGET // 10)
    return (Grid(base, {"task": tasks, "cell": CELLS}),)


def verdicts(results: Results) -> tuple[Verdict, ...]:
    places = [(task, cell, results.where(task=task, cell=cell)) for task in TASKS for cell in CELLS]
    return (
        *(
            learned(f"{cell} learns {task} at {STEPS} steps: at least half of the networks", points)
            for task, cell, points in places
        ),
        *(_reaches(results, task, cell, points) for task, cell, points in places),
    )


def _reaches(results: Results, task: str, cell: str, points: tuple[Result, ...]) -> Verdict:
    """Of the networks that learn the task; a network that is wrong at one length is not tested at longer ones."""
    claim = f"{cell}, {task}: what is learned at {STEPS} steps holds at {STEPS * FACTORS[-1]}"
    solved = [point for point in points if point.solved]
    if not points:
        return Verdict(claim, {}, "undecided", NOTHING)
    networks, figures = _trained.kept(results, solved), Figures()
    right = of = len(networks)
    for factor in FACTORS:
        longer = replace(TASKS[task], steps=STEPS * factor)
        networks = [network for network in networks if _trained.right(network, longer, ROWS)]
        right = len(networks)
        figures[f"right at {STEPS * factor} steps too"] = str(Rate(right, of))
    figures["constructed"] = _constructed(task, cell)
    return Verdict(claim, figures, mostly(Rate(right, of)), f"{right} of {of} networks")


def _constructed(task: str, cell: str) -> str:
    made = TASKS[task]
    try:
        report = construct(made, cell, units=None, steps=None, tolerance=math.inf)
    except Problem as problem:
        return problem.message
    lengths = report.construction.claim.lengths
    proof = prove(report.network, made, lengths=lengths, semantics="ieee", seconds=PROOF_SECONDS)
    found = {"proved": "proved right at every length", "unknown": "no proof found in time", "refuted": "refuted"}
    return f"{len(report.construction.sheet.units)} units, {found[proof.verdict]}"
