"""The settings of a laboratory, as they stand in the address of its page, and their defaults: the demonstration.

``echo``, ``recall`` and ``parity`` are the tasks of holdfast with these names. Every value is plain JSON.
"""

from __future__ import annotations

from typing import Any

DEFAULTS: dict[str, Any] = {
    "task": "sequences",
    "sequences": [["3", "0", "1", "2", "3"], ["4", "0", "1", "2", "4"]],
    "steps": 10,
    "lag": 10,
    "cell": "lstm",
    "units": 20,
    "layers": 1,
    "learning_rate": 0.001,
    "optimiser": "adam",
    "update": "sequence",
    "order": "in turn",
    "initialisation": "keras",
    "forget_bias": None,
    "networks": 64,
    "seed": 0,
    "dtype": "float32",
}
CHOICES: dict[str, list[str]] = {
    "task": ["sequences", "echo", "recall", "parity"],
    "optimiser": ["sgd", "adam", "rmsprop"],
    "update": ["step", "sequence", "batch"],
    "order": ["in turn", "shuffled"],
    "initialisation": ["keras", "pytorch"],
    "dtype": ["float32", "float64"],
}
LIMITS: dict[str, list[float]] = {
    "steps": [1, 1000],
    "lag": [2, 1000],
    "units": [1, 64],
    "layers": [1, 3],
    "learning_rate": [0, 1000000],
    "forget_bias": [-20, 20],
    "networks": [1, 64],
    "seed": [0, 2**31 - 1],
}
"""The least and the largest value of every setting that is a number."""
