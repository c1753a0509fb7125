"""The highest model of a foreign object: opened, else its steps, else its answers; each compared with the object."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from holdfast.core.errors import BadFile, BadValue
from holdfast.engine.network import Network
from holdfast.exchange._chain import ChainPart, DensePart, RecurrentPart, opened
from holdfast.exchange._chain_step import stepped
from holdfast.exchange._verify import Runner, reach_of, verify
from holdfast.models.answers import Answers
from holdfast.models.levels import Model
from holdfast.models.steps import Steps

Opened = TypeVar("Opened", Network, Steps)


def highest(
    answers: Answers,
    read: Callable[[], Sequence[ChainPart]],
    by: str,
    *,
    symbols: bool = False,
    batch: int | None = None,
    steps: int | None = None,
) -> Model:
    """The model of the highest level whose outputs on random sequences are those of ``answers``.

    ``read`` returns the parts, or raises ``BadFile``. ``by`` is the name of the framework in messages. ``symbols``:
    inputs are one-hot. ``batch`` and ``steps``: the only size that the object accepts, or None. A model of a lower
    level than *opened* has the reason in ``why_not_opened``.
    """
    runner = Runner(lambda x: np.asarray(answers(x)), by, batch, steps, symbols)
    try:
        parts = read()
    except BadFile as why:
        return replace(answers, why_not_opened=_clause(why))
    try:
        return _verified(answers, opened(parts), runner, None)
    except BadFile as why:
        reason = _clause(why)
    try:
        lower = stepped(parts, answers.inputs, answers.dtype, answers.name)
    except (BadFile, BadValue):  # parts that do not fit together
        return replace(answers, why_not_opened=reason)
    try:
        return replace(_verified(answers, lower, runner, _reach(parts)), why_not_opened=reason)
    except BadFile as why:
        more = _clause(why)
        return replace(answers, why_not_opened=reason if more == reason else f"{reason}; {more}")


def _verified(answers: Answers, model: Opened, runner: Runner, reach: float | None) -> Opened:
    sizes = ((model.inputs, model.outputs), (answers.inputs, answers.outputs))
    if sizes[0] != sizes[1]:
        raise BadFile(
            f"its known parts alone map {sizes[0][0]} inputs to {sizes[0][1]} outputs, and it maps {sizes[1][0]} to "
            f"{sizes[1][1]}."
        )
    try:
        verify(model, runner, reach)
    except BadFile as error:
        raise BadFile(f"its known parts alone compute other outputs ({error.message.rstrip('.')}).") from error
    return model


def _reach(parts: Sequence[ChainPart]) -> float:
    last = max(place for place, part in enumerate(parts) if isinstance(part, RecurrentPart))
    units = next(part.outputs for part in parts[last:] if isinstance(part, RecurrentPart))
    return reach_of([np.eye(units), *(part.matrix for part in parts[last:] if isinstance(part, DensePart))])


def _clause(why: BadFile) -> str:
    return why.message.rstrip(".")
