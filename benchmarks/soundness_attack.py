"""Certificates against adversaries: random networks of every cell, each certified and then attacked.

A violation is a sequence on which a network, run in double precision, errs by more than its certificate says. What is
printed besides is how tight the bounds are: bound over worst error found.
"""

from __future__ import annotations

import math
import statistics
import time

import jax
import numpy as np

from holdfast import cells
from holdfast.certification.check import check as check_certificate
from holdfast.certification.prove import prove
from holdfast.certification.refute import refute
from holdfast.engine.network import Network, create
from holdfast.engine.readings.record import record
from holdfast.engine.resolve import resolve
from holdfast.tasks.recall import Recall
from tests.oracle.blocks import WRAPPED

ANYTHING = 1e9
"""A tolerance that every bound meets: what is wanted is the bound."""
ROUNDING = 1e-12
"""Of float64, relative to the error, where a certificate speaks of exact arithmetic."""
TRIES = 1000
UNLIMITED = {"exp", "divide"}
"""Words whose results may be too large to be bounded."""


def check(minutes: float, seed: int) -> int:
    """Print how tight bounds are, cell by cell; how many violations there are."""
    with jax.enable_x64(True):
        return _attacked(minutes, seed)


def _attacked(minutes: float, first: int) -> int:
    names = [*cells.FOLDER.names(), *WRAPPED]
    until, judged, violations = time.monotonic() + 60 * minutes, 0, 0
    tightness: dict[str, list[float]] = {name: [] for name in names}
    while time.monotonic() < until:
        seed = first + judged
        cell = names[seed % len(names)]
        bound, worst, words = attack(cell, seed)
        judged += 1
        if bound < math.inf:
            tightness[cell].append(bound / worst if worst else 1.0)
        if worst > bound * (1 + ROUNDING):
            violations += 1
            print(f"VIOLATION: seed {seed}, {words}: certified {bound!r}, found {worst!r}", flush=True)
    for cell, ratios in tightness.items():
        if ratios:
            quartiles = np.percentile(ratios, [25, 75])
            print(f"{cell:<18} {len(ratios):>5} networks, bound over worst error found: median "
                  f"{statistics.median(ratios):.4f}, quartiles {quartiles[0]:.4f} to {quartiles[1]:.4f}")  # fmt: skip
    print(f"{judged} networks from seed {first}, {violations} violations")
    return violations


def attack(cell: str, seed: int) -> tuple[float, float, str]:
    """The certified bound (infinite where there is none), the worst error found, and what was judged, in words."""
    draw = np.random.default_rng(seed)
    units, layers, steps = int(draw.integers(1, 5)), int(draw.integers(1, 3)), int(draw.integers(2, 7))
    scale, semantics = float(draw.choice([0.3, 0.8, 2.0])), str(draw.choice(["real", "ieee"]))
    network = randomised(template(cell, units, layers), draw, scale)
    task = Recall(steps=steps)
    proof = prove(network, task, tolerance=ANYTHING, semantics="real" if semantics == "real" else "ieee")
    words = f"{cell} of {layers} x {units} at {steps} steps, scale {scale}, {semantics}"
    if proof.certificate is None or proof.error is None:
        assert UNLIMITED & {node.word for node in record(network.cell).nodes}, f"{words}: no bound"
        return math.inf, 0.0, words
    assert check_certificate(proof.certificate, network).accepted
    found = refute(network, task.scenario(), task.lengths(), math.inf, seed=seed, tries=TRIES)
    return proof.error, found.error, words


def template(cell: str, units: int, layers: int) -> Network:
    """Zeros: two heads where there can be, and an embedding where a block has to read units."""
    kind = resolve(cell)
    heads = 2 if kind.has_heads and units % 2 == 0 else 1
    return create(cell, 1, units, 1, layers, np.dtype("float64"), heads=heads, embedding=kind.reads_units)


def randomised(network: Network, draw: np.random.Generator, scale: float) -> Network:
    leaves, shape = jax.tree.flatten(network)
    return shape.unflatten([jax.numpy.asarray(draw.normal(0, scale, leaf.shape)) for leaf in leaves])
