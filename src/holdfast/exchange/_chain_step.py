"""The step of a chain of standard parts, in JAX: a model of level *steps* where the chain is no network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from holdfast.core.arrays import Array, matrix_product
from holdfast.core.errors import BadFile
from holdfast.exchange._chain import ChainPart, DensePart, FunctionPart, MaskPart, RecurrentPart
from holdfast.models.steps import Steps, from_steps

FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "elu": jax.nn.elu,
    "hard_sigmoid": jax.nn.hard_sigmoid,
    "linear": lambda a: a,
    "log_softmax": jax.nn.log_softmax,
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
    "softmax": jax.nn.softmax,
    "softplus": jax.nn.softplus,
    "tanh": jnp.tanh,
}
"""What the frameworks call by these names."""

State = dict[str, Array]


def stepped(parts: Sequence[ChainPart], inputs: int, dtype: np.dtype, name: str) -> Steps:
    """The chain as a start, of zeros, and a step. The states of the first layer are h and c, of the second h2 and c2.

    Raises ``BadFile`` where a function is not known, or nothing carries a state.
    """
    named = [f for part in parts for f in _functions(part)]
    if unknown := sorted(set(named) - FUNCTIONS.keys()):
        raise BadFile(f"it applies {', '.join(unknown)}.")
    if not any(isinstance(part, RecurrentPart) for part in parts):
        raise BadFile("it has no recurrent layer that is known here.")
    sizes = {name: size for part, names in _named(parts) for name, size in zip(names, _sizes(part), strict=True)}

    def start(batch: int) -> State:
        return {name: jnp.zeros((batch, size), dtype) for name, size in sizes.items()}

    kinds = [_without_arrays(part) for part in parts]
    step = Partial(partial(_step, tuple(kinds)), [_arrays(part) for part in parts])
    return from_steps(start, step, inputs=inputs, dtype=dtype, name=name)


def _functions(part: ChainPart) -> tuple[str, ...]:
    if isinstance(part, RecurrentPart):
        return (part.activation, part.gate)
    return (part.name,) if isinstance(part, FunctionPart) else ()


def _sizes(part: RecurrentPart) -> tuple[int, ...]:
    return (part.outputs, part.units) if part.kind == "lstm" else (part.outputs,)


def _named(parts: Sequence[ChainPart]) -> list[tuple[RecurrentPart, tuple[str, ...]]]:
    """Every layer with the names of its states."""
    layers = [part for part in parts if isinstance(part, RecurrentPart)]
    return [(layer, _names(layer.kind, depth)) for depth, layer in enumerate(layers)]


def _names(kind: str, depth: int) -> tuple[str, ...]:
    ending = str(depth + 1) if depth else ""
    return (f"h{ending}", f"c{ending}") if kind == "lstm" else (f"h{ending}",)


def _without_arrays(part: ChainPart) -> tuple[Any, ...]:
    """What a step has to know of a part besides its numbers."""
    if isinstance(part, RecurrentPart):
        return ("recurrent", part.kind, part.order, part.activation, part.gate, part.reset_after)
    if isinstance(part, FunctionPart):
        return ("function", part.name)
    return ("mask", part.value) if isinstance(part, MaskPart) else ("dense",)


def _arrays(part: ChainPart) -> tuple[Array, ...]:
    if isinstance(part, RecurrentPart):
        own = part.weights
        more = () if part.projection is None else (part.projection,)
        return tuple(jnp.asarray(a) for a in (own.matrix_x, own.matrix_h, own.bias_x, own.bias_h, *more))
    return (jnp.asarray(part.matrix), jnp.asarray(part.bias)) if isinstance(part, DensePart) else ()


def _step(
    kinds: tuple[tuple[Any, ...], ...], arrays: list[tuple[Array, ...]], state: State, x: Array
) -> tuple[Array, State]:
    skipped, depth, after = jnp.zeros(x.shape[:1], bool), 0, dict(state)
    for (what, *words), own in zip(kinds, arrays, strict=True):
        if what == "mask":
            skipped = (x == words[0]).all(-1)
        elif what == "dense":
            x = matrix_product(x, own[0]) + own[1]
        elif what == "function":
            x = FUNCTIONS[words[0]](x)
        else:
            names = _names(words[0], depth)
            before = [state[name] for name in names]
            new = _layer(words, own, x, before)
            kept = [jnp.where(skipped[:, None], old, one) for one, old in zip(new, before, strict=True)]
            after |= dict(zip(names, kept, strict=True))
            x, depth = kept[0], depth + 1
    return x, after


def _layer(words: list[Any], own: tuple[Array, ...], x: Array, before: list[Array]) -> list[Array]:
    """The states of one layer after a step, the hidden state first."""
    kind, order, activation, gate, reset_after = words
    matrix_x, matrix_h, bias_x, bias_h, *projection = own
    act, open_, h = FUNCTIONS[activation], FUNCTIONS[gate], before[0]
    reads = dict(zip(order, jnp.split(matrix_product(x, matrix_x) + bias_x, len(order), -1), strict=True))
    recalls = dict(zip(order, jnp.split(matrix_product(h, matrix_h) + bias_h, len(order), -1), strict=True))
    both = {name: reads[name] + recalls[name] for name in order}
    if kind == "rnn":
        return [act(both["candidate"])]
    if kind == "gru":
        z, r = open_(both["update"]), open_(both["reset"])
        recalled = recalls["candidate"]
        if not reset_after:
            units = matrix_h.shape[0]
            columns = slice(order.index("candidate") * units, (order.index("candidate") + 1) * units)
            recalled = matrix_product(r * h, matrix_h[:, columns]) + bias_h[columns]
            return [z * h + (1 - z) * act(reads["candidate"] + recalled)]
        return [z * h + (1 - z) * act(reads["candidate"] + r * recalled)]
    c = open_(both["forget"]) * before[1] + open_(both["input"]) * act(both["candidate"])
    hidden = open_(both["output"]) * act(c)
    return [matrix_product(hidden, projection[0]) if projection else hidden, c]
