"""The levels of models, and the error of a verb that needs a higher level."""

from __future__ import annotations

from typing import Literal

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from holdfast.core.arrays import Array
from holdfast.core.cell import Cell
from holdfast.core.errors import BadValue
from holdfast.engine.network import Network
from holdfast.engine.readings.record import NotOpened, record
from holdfast.engine.traced import network_program
from holdfast.engine.unroll import refuse_steps_without_weights, unroll
from holdfast.models.answers import Answers
from holdfast.models.steps import Steps

Level = Literal["answers", "steps", "opened"]
LEVELS: tuple[Level, ...] = ("answers", "steps", "opened")
"""The levels, the lowest first. What works at one level works at all higher ones."""
MEANING: dict[Level, str] = {
    "answers": "inputs to outputs",
    "steps": "a start and a step in JAX, from which follow states and Jacobians",
    "opened": "named gates and weights, and a step in the words of the alphabet, from which follow its bounds",
}
STEPS_ONLY = (
    "models of level 'steps': train, test, refute and the diagnostics of the levels 'answers' and 'steps' work; an "
    "equation, certify, roles of units and the diagnostics of level 'opened' do not"
)
"""The advice in the error for a cell whose step can be run but not recorded."""
Model = Answers | Steps | Network
Stepped = Steps | Network
"""A model whose steps are known."""


def level_of(model: Model) -> Level:
    """The highest level of a model. A network is *opened* if the step of its cell can be recorded."""
    if isinstance(model, Network):
        return "steps" if why_not_opened(model.cell) else "opened"
    return "steps" if isinstance(model, Steps) else "answers"


def why_not_opened(cell: Cell) -> str:
    """Why the step of a cell cannot be recorded, as a clause; empty if it can."""
    try:
        record(cell)
    except NotOpened as reason:
        return str(reason)
    return ""


def described(model: Model) -> str:
    """The description of a model in messages: ``the network of cell 'lstm'``."""
    return f"the network of cell '{model.cell_name}'" if isinstance(model, Network) else model.name


def reaches(model: Model, level: Level) -> bool:
    """Whether a model has at least this level."""
    return LEVELS.index(level_of(model)) >= LEVELS.index(level)


def require(model: Model, level: Level, what: str) -> None:
    """Raise ``BadValue`` if the model has a lower level than ``what`` needs."""
    if reaches(model, level):
        return
    why = why_not_opened(model.cell) if isinstance(model, Network) else model.why_not_opened
    raise too_low(described(model), level_of(model), level, what, f": {why}" if why else "")


def too_low(name: str, got: Level, level: Level, what: str, why: str) -> BadValue:
    """The error for a model ``name`` of level ``got`` when ``what`` needs ``level``."""
    below = " and ".join(f"'{one}'" for one in LEVELS[: LEVELS.index(got) + 1])
    several = "s" if got != LEVELS[0] else ""
    return BadValue(
        f"{what} needs a model of level '{level}' ({MEANING[level]}), but {name} has the level '{got}'{why}.",
        f"'test', 'refute' and the diagnostics of the level{several} {below} work ('holdfast list diagnostics').",
    )


def outputs_of(
    model: Model, inputs: ArrayLike, present: ArrayLike | None = None, *, read_from: int = 0, engine: str = "auto"
) -> Array:
    """Outputs [batch, time - read_from, output] of a model of any level, from step ``read_from`` (counted from 0) on.

    ``inputs`` is [batch, time, input]; ``present`` [batch, time] is false in padding. ``engine`` selects the engine of
    a ``Network``, as in ``unroll``. A model without gradients cannot be called inside a program that JAX compiles.
    """
    if isinstance(model, Network):
        here = None if present is None else jnp.asarray(present)
        return unroll(model, jnp.asarray(inputs), present=here, read_from=read_from, engine=engine)[0]
    return model(inputs, present)[:, read_from:]


def outputs_of_rows(model: Model, inputs: np.ndarray, present: np.ndarray | None = None) -> Array:
    """``outputs_of`` for rows whose numbers are known, of a ``Network`` by one program whose trace is kept."""
    if not isinstance(model, Network):
        return model(inputs, present)
    refuse_steps_without_weights(model, inputs, present)
    return _outputs(model, inputs, present)


_outputs = network_program(outputs_of)
