"""All steps at once beside the loop: mingru over 1000 steps, forwards, and with its gradient, in one process.

  python benchmarks/parallel.py [--units 8 32 128] [--batch 1] [--steps 1000] [--rounds 200]

"rest" is what both need besides the recurrence: a call, the read-out of hidden states that are given, and their
gradient. The three take turns, so that a busy machine is busy for all. Printed are the medians and the shortest times
in microseconds, the loop's time over that of the engine "parallel", and the loop's time over the rest: no engine can be
faster than the loop by a larger factor.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp

from holdfast.engine.initialise import build
from holdfast.engine.network import Network
from holdfast.engine.unroll import unroll

PROGRAMS = ("loop", "parallel", "rest")


def loss(inputs: jax.Array, engine: str, network: Network) -> jax.Array:
    outputs, _ = unroll(network, inputs, engine=engine)
    return jnp.square(outputs).sum()


def rest(network: Network, hidden: jax.Array) -> jax.Array:
    return jnp.square(network.readout(hidden)).sum()


def measured(network: Network, inputs: jax.Array, gradient: bool, rounds: int) -> list[list[float]]:
    """For each of ``PROGRAMS``, the microseconds of every round."""
    hidden = jax.random.normal(jax.random.key(1), (*inputs.shape[:2], network.units))
    act: Callable = jax.value_and_grad if gradient else lambda function: function
    programs = [partial(jax.jit(act(partial(loss, inputs, engine))), network) for engine in PROGRAMS[:2]]
    programs.append(partial(jax.jit(jax.value_and_grad(rest, (0, 1)) if gradient else rest), network, hidden))
    taken: list[list[float]] = [[] for _ in programs]
    for counted in (False, *[True] * rounds):
        for program, times in zip(programs, taken, strict=True):
            began = time.perf_counter()
            jax.block_until_ready(program())
            if counted:
                times.append(1e6 * (time.perf_counter() - began))
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, nargs="+", default=[8, 32, 128])
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=200)
    asked = parser.parse_args()
    print(
        f"{'units':>5} {'what':>8} "
        + " ".join(f"{name:>8} {'least':>8}" for name in PROGRAMS)
        + "   ratio  of least  at most"
    )
    for units in asked.units:
        network = build("mingru", inputs=1, units=units, outputs=1)
        inputs = jax.random.normal(jax.random.key(0), (asked.batch, asked.steps, 1))
        for gradient in (False, True):
            taken = measured(network, inputs, gradient, asked.rounds)
            middle, least = ([each(t) for t in taken] for each in (statistics.median, min))
            figures = " ".join(f"{m:8.1f} {s:8.1f}" for m, s in zip(middle, least, strict=True))
            what = "gradient" if gradient else "forward"
            ratios = f"{middle[0] / middle[1]:7.2f} {least[0] / least[1]:9.2f} {least[0] / least[2]:8.2f}"
            print(f"{units:5} {what:>8} {figures} {ratios}")


if __name__ == "__main__":
    main()
