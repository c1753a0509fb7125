"""A network whose weights are written, not trained, with the bound of its error: the last stop of the laboratory."""

from __future__ import annotations

from typing import Any

from holdfast.construction.evaluation.construction import construct
from holdfast.explanation.page.network import as_data
from holdfast.studies.page import band
from holdfast.tasks.recall import Recall

STEPS, TOLERANCE = 10, 1e-2
MOST_STEPS = 300
PROOF_SECONDS = 60.0
"""Time limit of the proof, which takes about a second; after it the bound is said to be claimed only."""


def written(cell: str = "gru") -> dict[str, Any]:
    """Recall of the first number over up to ``MOST_STEPS`` steps: the settings, weights, error bound and what is known
    of it."""
    task = Recall(steps=MOST_STEPS, tolerance=TOLERANCE)
    report = construct(task, cell, units=None, steps=MOST_STEPS, tolerance=TOLERANCE)
    network = report.network
    bound = band(network, task, report.origin(), seconds=PROOF_SECONDS)
    assert bound is not None, "its origin says that it was constructed for this task"
    data = as_data(network)
    return {
        "settings": {
            "task": "recall",
            "steps": STEPS,
            "cell": cell,
            "units": network.units,
            "layers": 1,
            "networks": 1,
            "dtype": "float32",
        },
        "weights": {"layers": data["weights"], "readout": data["readout"]},
        "error": bound.error,
        "most_steps": bound.steps,
        "by": bound.by,
    }
