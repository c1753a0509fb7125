"""Parts of ``soundness.py``: the networks of which something untrue was proved, every rule of rounding by exhaustion,
and how close bounds of trained networks come to the worst error found."""

from __future__ import annotations

import math
import time

from flint import ctx

from holdfast.certification.check import check
from holdfast.certification.prove import prove
from holdfast.certification.refute import refute
from holdfast.tasks.recall import Recall
from holdfast.training.loop import train_networks
from holdfast.training.settings import Settings

MOST = {3: 3.0, 5: 8.0}
"""Bound over worst error found, at most, by the length of rows in steps."""
FLOAT32 = 2.0**-20
"""How far, relative to it, an error measured in float32 may be from that in exact arithmetic."""
SECONDS = 15.0
"""For the proof of a trained network."""


def networks() -> int:
    """The six networks: what is proved now beside what each is seen to do; the old bound written down is refused."""
    from tests.certification.false_certificates import false_certificates
    from tests.certification.test_false_certificates import forged

    wrong = 0
    print(f"{'network':<8}{'was proved':>12}{'measured':>12}{'proved now':>12}  old certificate")
    for case in false_certificates():
        rows = case.task.lengths("up to")
        found = refute(case.network, case.task.scenario(), rows, math.inf, tries=3000)
        proof = prove(case.network, case.task, lengths=rows, semantics=case.semantics, seconds=SECONDS)
        accepted = check(forged(case, "up to", {}, None), case.network).accepted
        bound = proof.reached.error or 0.0
        room = FLOAT32 if case.semantics == "real" else 0.0  # what is measured was computed in float32
        wrong += (bound * (1 + room) < found.error) + accepted
        words = "accepted" if accepted else "refused"
        print(f"{case.name:<8}{case.proved:>12.4g}{found.error:>12.4g}{bound:>12.4g}  {words}", flush=True)
    return wrong


def rules() -> int:
    """Every rule on small formats."""
    from tests.engine import test_rounding_rules as exhaustive

    small, least = exhaustive.SMALL, exhaustive.LEAST
    checks = {
        "sums of 2": lambda: exhaustive.sums_hold(exhaustive.LARGE, 2),
        "sums of 3": lambda: exhaustive.sums_hold(exhaustive.MIDDLE, 3),
        "sums of 4": lambda: exhaustive.sums_hold(least, 4),
        "products": lambda: exhaustive.products_hold(exhaustive.LARGE),
        "quotients": lambda: exhaustive.pairs_hold(exhaustive.LARGE, "divide"),
        "differences": lambda: exhaustive.pairs_hold(exhaustive.LARGE, "subtract"),
        "maxima": lambda: exhaustive.pairs_hold(exhaustive.LARGE, "maximum"),
        "rows of 1 weight": lambda: exhaustive.rows_hold(exhaustive.LARGE, 1, bias=False),
        "rows of 1 weight and bias": lambda: exhaustive.rows_hold(small, 1, bias=True),
        "rows of 2 weights": lambda: exhaustive.rows_hold(small, 2, bias=False),
        "rows of 2 weights and bias": lambda: exhaustive.rows_hold(least, 2, bias=True),
        "two maps added": lambda: exhaustive.merged_hold(exhaustive.MIDDLE, [1.0]),
        "mixtures": lambda: exhaustive.mixes_hold(exhaustive.MIDDLE),
        "cancellations": lambda: exhaustive.cancellations_hold(exhaustive.LARGE),
    }
    violations, ctx.prec = 0, 64
    for name, check_rule in checks.items():
        try:
            print(f"{name:<28}{check_rule():>8} cases, 0 violations", flush=True)
        except exhaustive.Violation as violation:
            violations += 1
            print(f"{name:<28} VIOLATION: {violation}", flush=True)
    return violations


def trained() -> int:
    """Bounds of trained networks of 8 units on recall, rows of exactly n steps."""
    missed = 0
    print(f"{'cell':<6}{'steps':>6}{'worst found':>14}{'bound':>10}{'ratio':>8}{'pieces':>8}{'seconds':>9}")
    for cell in ("gru", "lstm"):
        for steps, most in MOST.items():
            task = Recall(steps=steps)
            for network in train_networks(Settings(task, cell, units=8, seeds=2)).networks.values():
                worst = refute(network, task.scenario(), task.lengths(), math.inf, tries=20_000).error
                began = time.monotonic()
                proof = prove(network, task, seconds=SECONDS)
                bound = proof.reached.error or math.inf
                missed += not bound <= most * worst
                print(f"{cell:<6}{steps:>6}{worst:>14.4f}{bound:>10.4f}{bound / worst:>8.2f}{proof.pieces:>8}"
                      f"{time.monotonic() - began:>9.1f}", flush=True)  # fmt: skip
    return missed
