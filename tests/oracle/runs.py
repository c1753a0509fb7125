"""Networks run as users run them: by XLA, compiled and not, and by the native library with every instruction set.

Networks of one shape run side by side. The native library reads its instruction set once in a process, so every set
has a process of its own (``Processes``).
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.engine.compiled import keep_compiled_programs
from holdfast.engine.engines import Request, native
from holdfast.engine.native import environment, library
from holdfast.engine.network import Network
from holdfast.engine.unroll import trace, unroll


class Ran(NamedTuple):
    """``states`` [network, path, time, number]: all layers, all states of a layer, all units of a state, in order;
    ``outputs`` [network, path, time, output]."""

    states: np.ndarray
    outputs: np.ndarray


def stacked(networks: Sequence[Network]) -> Network:
    """Networks of one shape as one with a leading axis."""
    return jax.tree.map(lambda *parts: np.stack(parts), *networks)


def by_xla(networks: Network, inputs: np.ndarray, how: str) -> Ran:
    """``inputs`` [network, path, time, feature]. ``how``: "side by side" and "one by one" are compiled, "eager" not."""
    with jax.enable_x64(inputs.dtype == np.float64):
        run = jax.vmap(_traced) if how == "eager" else _compiled(how)
        return Ran(*map(np.asarray, run(networks, jnp.asarray(inputs))))


def by_native(networks: Network, inputs: np.ndarray) -> tuple[Ran, np.ndarray]:
    """States from rows that end after every step, outputs from rows that do not end; and the last states of these."""
    with jax.enable_x64(inputs.dtype == np.float64):
        count, paths, steps, features = inputs.shape
        ends = jnp.asarray(np.tile(np.tri(steps, dtype=bool), (paths, 1)))
        prefixes = jnp.asarray(np.repeat(inputs, steps, 1).reshape(count, paths * steps, steps, features))
        states = np.asarray(_native(True)(networks, prefixes, ends)[1]).reshape(count, paths, steps, -1)
        outputs, last = _native(False)(networks, jnp.asarray(inputs), None)
        return Ran(states, np.asarray(outputs)), np.asarray(last)


def has_native(network: Network) -> bool:
    return not native.unsuitable(Request(network.cell))


def instruction_sets() -> tuple[str, ...]:
    """Those that the library was built with and this machine has."""
    found = library.status()
    return tuple(name for name in found.instructions_built if name in found.instructions_supported)


class Processes:
    """One process for every instruction set, in which the native library uses that."""

    def __init__(self, sets: Sequence[str]) -> None:
        context = multiprocessing.get_context("spawn")
        self.pools = {name: ProcessPoolExecutor(1, context, initializer=_begin, initargs=(name,)) for name in sets}

    def start(self, networks: Network, inputs: np.ndarray) -> dict[str, Future[tuple[Ran, np.ndarray]]]:
        return {name: pool.submit(by_native, networks, inputs) for name, pool in self.pools.items()}

    def close(self) -> None:
        for pool in self.pools.values():
            pool.shutdown()


def _begin(instructions: str) -> None:
    os.environ[environment.INSTRUCTIONS] = instructions
    os.environ[environment.THREADS] = "1"
    jax.config.update("jax_platforms", "cpu")
    keep_compiled_programs()
    library.demand()
    assert library.status().instructions == instructions


def _traced(network: Network, inputs: Any) -> tuple[Any, Any]:
    found = trace(network, inputs)
    return _flat(found.states, inputs.shape[:2], inputs.dtype), found.outputs


def _flat(states: Any, lead: tuple[int, ...], dtype: Any) -> Any:
    parts = [value.reshape(*lead, -1) for layer in states for value in layer]
    return jnp.concatenate(parts, -1) if parts else jnp.zeros((*lead, 0), dtype)


@cache
def _compiled(how: str) -> Any:
    if how == "side by side":
        return jax.jit(jax.vmap(_traced))
    return jax.jit(lambda networks, inputs: jax.lax.map(lambda pair: _traced(*pair), (networks, inputs)))


@cache
def _native(masked: bool) -> Any:
    def run(network: Network, inputs: Any, present: Any) -> tuple[Any, Any]:
        outputs, last = unroll(network, inputs, present=present, engine="native")
        return outputs, _flat(last, inputs.shape[:1], inputs.dtype)

    return jax.jit(jax.vmap(run, in_axes=(0, 0, None)))
