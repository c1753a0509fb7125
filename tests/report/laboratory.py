"""The page's engine in the browser, and our own training of the same networks to compare it with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.engine.network import Linear, Network
from holdfast.laboratory.javascript import engine_script
from holdfast.training.learner import begin, learn
from holdfast.training.settings import Settings

SEQUENCES = (("3", "0", "1", "2", "3"), ("4", "0", "1", "2"))
"""Of two lengths, so that the end of one is padding."""
RUN = """([script, act, given]) => {
  const ENGINE = new Function(script + "; return ENGINE;")();
  const plain = (value) =>
    ArrayBuffer.isView(value) ? Array.from(value)
    : Array.isArray(value) ? value.map(plain)
    : value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]))
    : value;
  return plain(new Function("ENGINE", "given", act)(ENGINE, given));
}"""


def in_page(page: Any, act: str, given: Any, script: str | None = None) -> Any:
    """What the JavaScript ``act`` returns, a function body that reads ``ENGINE`` and ``given``; arrays as lists."""
    return page.evaluate(RUN, [engine_script() if script is None else script, act, given])


def broken(before: str, after: str) -> str:
    """The engine with a planted fault: one text replaced by another."""
    script = engine_script()
    assert before in script, f"the engine does not contain {before!r}"
    return script.replace(before, after)


def document(network: Network) -> dict[str, Any]:
    """The weights of a network as the engine takes them."""
    layers = [{source: _linear(linear) for source, linear in layer.items()} for layer in network.layers]
    return {"layers": layers, "readout": _linear(network.readout_maps[-1])}


def _linear(linear: Linear) -> dict[str, Any]:
    bias = None if linear.bias is None else np.ravel(linear.bias).tolist()
    return {"matrix": np.ravel(linear.matrix).tolist(), "bias": bias}


def furthest(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> float:
    """The largest difference between two documents of weights, relative to the largest weight of each array."""
    pairs = [(a[source], b[source]) for a, b in zip(ours["layers"], theirs["layers"], strict=True) for source in a]
    return max(
        float(np.abs(np.subtract(a[part], b[part])).max() / np.abs(a[part]).max())
        for a, b in [*pairs, (ours["readout"], theirs["readout"])]
        for part in ("matrix", "bias")
        if a[part]
    )


def trained(settings: Settings, network: Network, batches: int) -> Network:
    """Our network after so many batches, in its own number format. One program is compiled."""
    learner = replace(begin(settings, network, jnp.uint32(0)), rate=jnp.asarray(settings.learning_rate, network.dtype))
    return jax.jit(learn(settings))(learner, batches).network
