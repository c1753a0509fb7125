"""OFFENDERS among the engine's acts: each is a true act with one thing wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp

from holdfast.alphabet.enclosures.forms import NOTHING
from holdfast.core.ops import Word
from holdfast.engine.files import save
from holdfast.engine.network import create
from holdfast.engine.readings.bounds import Bounds
from holdfast.engine.unroll import unroll


def forgets_the_state(network: Any, inputs: Any, state: Any = None, **more: Any) -> Any:
    """Every piece starts at zero."""
    return unroll(network, inputs, None, **more)


def reads_padding(network: Any, inputs: Any, state: Any = None, *, present: Any = None) -> Any:
    """Padding is read as if it were there."""
    return unroll(network, inputs, state)


def never_cuts(network: Any, inputs: Any, state: Any = None, *, truncate: int | None = None) -> Any:
    """The whole gradient, whatever was asked."""
    return unroll(network, inputs, state)


def cuts_one_late(network: Any, inputs: Any, state: Any = None, *, truncate: int | None = None) -> Any:
    """The first window has one step more than the others."""
    head, state = unroll(network, inputs[:, :1], state)
    tail, state = unroll(network, inputs[:, 1:], state, truncate=None if truncate is None else truncate + 1)
    return jnp.concatenate([head, tail], 1), state


def saves_rounded(network: Any, path: Any, origin: Any = None) -> None:
    """Eight bits of every number are lost."""
    save(jax.tree.map(lambda a: a.astype(jnp.bfloat16).astype(a.dtype), network), path, origin)


def makes_two_biases(cell: str, inputs: int, units: int, outputs: int, layers: int) -> Any:
    """A bias on every map, whether the cell declares it or not."""
    network = create(cell, inputs, units, outputs, layers)
    biased = [{s: replace(m, bias=jnp.zeros(m.matrix.shape[1])) for s, m in layer.items()} for layer in network.layers]
    return replace(network, layers=tuple(biased))


class ForgetfulBounds(Bounds):
    """Products forget how far their factors may stray."""

    def apply(self, word: Word, *operands: Any) -> Any:
        found = super().apply(word, *operands)
        return tuple(form._replace(slack=NOTHING) for form in found) if word.name == "multiply" else found


class FallingShare(Bounds):
    """Bounds that take the share of one opening in two for the other's."""

    def apply(self, word: Word, *operands: Any) -> Any:
        return super().apply(word, *(reversed(operands) if word.name == "share" else operands))
