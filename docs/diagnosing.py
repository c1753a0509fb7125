"""The page of the diagnostics: the description of each, and its result for a network with known properties."""

from __future__ import annotations

import pages

from holdfast.construction.compile import compile_program
from holdfast.construction.constructions.recall import program
from holdfast.explanation import diagnostics
from holdfast.explanation.subject import examine
from holdfast.tasks.recall import Recall

STEPS, UNITS, TOLERANCE = 50, 8, 0.01

HEAD = """# The diagnostics

`holdfast explain FILE --task TASK` runs the diagnostics on this page. Each is one file of `explanation/diagnostics/`,
with its formula, its source, its limitations and [the level of model](../models.md) that it needs. The texts below
come from these files. Diagnostics do not change the network.

*Says* is the result for one network with known properties: an LSTM constructed for recall of the first of {steps}
numbers within {tolerance:g}, with {units} units of which two are used (unit 1 is a flag, unit 2 the latch), in {dtype}:

```console
$ holdfast construct recall --cell lstm --units {units} --steps {steps} --tolerance {tolerance:g} --out net.safetensors
$ holdfast explain net.safetensors --task recall --steps {steps}
```
"""


def page() -> str:
    """Every diagnostic in the folder, in alphabetical order."""
    task = Recall(steps=STEPS, tolerance=TOLERANCE)
    made = compile_program(program(task, "lstm"), "lstm", units=UNITS, steps=STEPS, tolerance=TOLERANCE)
    subject = examine(made.network, task)
    head = HEAD.format(steps=STEPS, units=UNITS, tolerance=TOLERANCE, dtype=made.claim.dtype)
    return "\n".join((head, *(section(name, subject) for name in diagnostics.FOLDER.names())))


def section(name: str, subject) -> str:
    """One diagnostic: its question, formula, source and caveat, and its result for this subject."""
    module = diagnostics.FOLDER.load(name)
    sentence = module.measure(subject).sentence
    return "\n".join(
        (
            f"## {name}",
            "",
            pages.prose(module.__doc__ or ""),
            "",
            pages.table(
                ("", ""),
                [
                    ("needs a model of level", module.level),
                    ("formula", pages.escaped(module.formula)),
                    ("source", pages.escaped(module.source)),
                    ("caveat", pages.escaped(module.caveat)),
                    ("says", pages.escaped(sentence or "nothing: this network has no such property.")),
                ],
            ),
            "",
        )
    )
