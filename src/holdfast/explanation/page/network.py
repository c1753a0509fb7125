"""A network as plain data that another language can run: its cell's step as recorded, and its weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from holdfast.core.cell import CONSTANT, Cell, Map
from holdfast.engine.network import Linear, Network
from holdfast.engine.readings.equation import equation, symbols
from holdfast.engine.readings.record import Node, Unsupported, record
from holdfast.explanation.dynamics import memory_index
from holdfast.explanation.page.words import notation

MOST_BYTES = 500_000
"""Of weights; a network with more is shown as it ran here, and cannot be run in the page."""


def as_data(network: Network) -> dict[str, Any]:
    """Sizes, equation, gates and states by name; ``program`` and ``weights``, or ``why_not`` the page cannot run it.

    ``weights`` is one mapping for every layer: map name to ``matrix`` [source, gates * units] and ``bias`` (or None).
    """
    cell = network.cell
    data: dict[str, Any] = {
        "cell": cell.name,
        "title": cell.title,
        "source": cell.source,
        "equation": [],
        "inputs": network.inputs,
        "units": network.units,
        "outputs": network.outputs,
        "layers": len(network.layers),
        "dtype": str(network.dtype),
        "gates": list(memory_gates(cell)),
        "states": list(cell.states),
        "letters": dict(cell.letters),
        "keep": cell.keep,
        "write": cell.write,
        "parameters": _parameters(network),
        "memory_state": cell.memory,
        "places": math.prod(network.places),
        "place_name": network.place_name,
        **components(network),
        "maps": [],
        "steps_with_weights": network.steps,
        "program": None,
        "words": notation(),
        "weights": None,
        "readout": None,
        "readout_hidden": [],
        "embedding": None,
    }
    try:
        written = symbols(cell)
        data["maps"] = [_map(m, written[m.source][0], network.layers[0][m.source]) for m in cell.maps]
        program = program_of(network)
    except Unsupported as why:
        return data | {"why_not": f"This cell cannot be run in the page: {why}. What is shown was computed before."}
    data["equation"] = equation(cell)
    if (size := _bytes(network)) > MOST_BYTES:
        return data | {
            "program": program,
            "why_not": f"This network is too large to be run in the page ({size / 1e6:.1f} MB of weights). What is "
            "shown was computed before.",
        }
    if network.output_function:
        return data | {
            "program": program,
            "why_not": f"The page has no {network.output_function} of outputs. What is shown was computed before.",
        }
    return data | {
        "program": program,
        "weights": [{name: _linear(linear) for name, linear in layer.items()} for layer in network.layers],
        "readout": _linear(network.readout_maps[-1]),
        "readout_hidden": [_linear(linear) for linear in network.readout_maps[:-1]],
        "embedding": None if network.embedding is None else _linear(network.embedding),
        "why_not": "",
    }


def program_of(network: Network) -> dict[str, Any]:
    """The step as a list of words, with the shape of each value. References are whole numbers: n >= 0 the result of
    node n, -1 the input, -2 - k the state number k before the step. Raises ``Unsupported`` where the step cannot be
    recorded."""
    step = record(network.cell)
    place = {node: n for n, node in enumerate(step.nodes)} | {step.inputs: -1}
    place |= {node: -2 - k for k, node in enumerate(step.before)}
    return {
        "nodes": [_node(node, place, network) | {"shape": network.sizes(node.axes)} for node in step.nodes],
        "before": [network.sizes(node.axes) for node in step.before],
        "after": [place[node] for node in step.after],
        "gates": [place[step.gates[network.cell.gates.index(gate)]] for gate in memory_gates(network.cell)],
        "output": place[step.output],
    }


def _node(node: Node, place: dict[Node, int], network: Network) -> dict[str, Any]:
    """``{"word", "of": [references]}``; of a linear map ``word`` is "linear", with its name, which gate this is and the
    first of its columns."""
    if node.source is not None:
        linear = network.layers[0][node.word]
        gate, of = linear.gates[node.place], [] if node.word == CONSTANT else [place[node.source]]
        start = linear.columns(gate).start
        return {"word": "linear", "map": node.word, "place": node.place, "gate": gate, "start": start, "of": of}
    return {"word": node.word, "of": [place[operand] for operand in node.operands]}


def _map(m: Map, letter: str, linear: Linear) -> dict[str, Any]:
    return {
        "name": m.source,
        "letter": letter,
        "gates": list(m.gates),
        "bias": m.bias,
        "diagonal": m.diagonal,
        "rows": int(linear.matrix.shape[-2]) * linear.heads,
        "widths": [linear.width(gate) for gate in m.gates],
    }


def memory_gates(cell: Cell) -> tuple[str, ...]:
    """The gates that have a number for every component of the memory, or one for several: those with its axes or some
    of them. The hidden layer of a block has others, and is not drawn beside the memory."""
    axes = set(cell.axes_of(cell.memory))
    return tuple(gate for gate in cell.gates if axes >= set(cell.axes_of(gate)))


def components(network: Network) -> dict[str, Any]:
    """``memory``: of how many numbers the state that is the memory consists, of each of which the page has a row.
    ``memory_index``: of a state or gate with other axes, which of its numbers belongs to each of these."""
    cell = network.cell
    found = {name: memory_index(network, name) for name in (*cell.states, *memory_gates(cell))}
    others = {name: along.tolist() for name, along in found.items() if along is not None}
    return {"memory": math.prod(network.shape(cell.memory)), "along_memory": others}


def at_memory(network: Network, name: str, values: np.ndarray) -> np.ndarray:
    """A state or gate [row, time, *its axes] at every component of the memory: [row, time, component]."""
    flat, along = values.reshape(*values.shape[:2], -1), memory_index(network, name)
    return flat if along is None else flat[..., along]


def _linear(linear: Linear) -> dict[str, Any]:
    """The page knows no maps per head: such a map is one matrix there."""
    linear = linear.dense() if linear.heads > 1 else linear
    return {
        "matrix": np.asarray(linear.matrix),
        "bias": None if linear.bias is None else np.asarray(linear.bias),
        "gates": len(linear.gates),
        "diagonal": linear.diagonal,
    }


def _maps(network: Network) -> list[Linear]:
    below = [] if network.embedding is None else [network.embedding]
    return [*below, *(linear for layer in network.layers for linear in layer.values()), *network.readout_maps]


def _bytes(network: Network) -> int:
    return sum(np.asarray(a).nbytes * m.heads for m in _maps(network) for a in (m.matrix, m.bias) if a is not None)


def _parameters(network: Network) -> dict[str, int]:
    """How many numbers one step of all layers uses, and the read-out."""
    counts = [sum(np.size(a) for a in (m.matrix, m.bias) if a is not None) for m in _maps(network.above_embedding())]
    above = len(network.readout_maps)
    return {"step": int(sum(counts[:-above])) // (network.steps or 1), "readout": int(sum(counts[-above:]))}
