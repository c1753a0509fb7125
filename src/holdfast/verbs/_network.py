"""The network that a verb is given: the path of a file (of ONNX too), a ``Network``, or any object that ``as_model``
takes."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.core.errors import BadFile, BadValue
from holdfast.core.values import ANY, got

if TYPE_CHECKING:
    from holdfast.engine.network import Network
    from holdfast.models.levels import Model


@dataclass(frozen=True)
class GivenNetwork:
    """``model``: the network of the file, or the object as it was given, or the path of a file of ONNX. ``path`` and
    ``origin``, where the weights come from, are empty unless it is a file."""

    model: Any
    path: str = ""
    origin: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.path or f"this {type(self.model).__name__}"

    def model_for(self, inputs: int) -> Model:
        """A model that reads so many inputs per step. Raises ``BadValue`` for an object that is no model."""
        from holdfast.engine.network import Network
        from holdfast.exchange.adapters import as_model

        return self.model if isinstance(self.model, Network) else as_model(self.model, inputs=inputs)

    def network(self, verb: str, inputs: int | None = None) -> Network:
        """The network itself, for a verb that reads its weights. If the number of ``inputs`` is known, a model of
        another framework that can be opened counts as one. Raises ``BadValue`` for any other object."""
        from holdfast.engine.network import Network
        from holdfast.models.levels import require

        model = self.model if inputs is None else self.model_for(inputs)
        if inputs is not None:
            require(model, "opened", verb)
        if not isinstance(model, Network):
            raise BadValue(
                f"{verb} reads the weights of a network, but was given {got(self.model)}.",
                "Give the path of a network (*.safetensors) or a holdfast.Network.",
            )
        return model


def given_network(network: object) -> GivenNetwork:
    """What was given, opened if it is a path. Raises as ``open_network`` does."""
    if not isinstance(network, str | os.PathLike):
        return GivenNetwork(network)
    path = os.fspath(network)
    if str(path).endswith(".onnx"):
        return GivenNetwork(Path(path), path)
    opened, origin = open_network(path)
    return GivenNetwork(opened, path, origin)


def open_network(path: str) -> tuple[Network, dict[str, Any]]:
    """The network in ``path`` and its origin; switches JAX to double precision if the file has float64 weights.

    Raises ``BadFile`` with the fault of the file, or of the plug-in that defines its cell.
    """
    import jax

    from holdfast.core.tensors import read_header
    from holdfast.engine.files import load
    from holdfast.plugins.verified import verified_cell

    if any(stored.dtype == "F64" for stored in read_header(path).tensors.values()):
        jax.config.update("jax_enable_x64", True)
    network, origin = load(path)
    verified_cell(network.cell_name)
    return network, origin


def origin_of(path: str) -> dict[str, Any]:
    """The origin of the weights, read without loading them; empty if the file cannot be read (opening it reports
    why)."""
    from holdfast.core.origin import parse
    from holdfast.core.tensors import read_header

    try:
        return parse(read_header(path).metadata.get("origin", "{}"), path)
    except BadFile:
        return {}


def own_task(origin: dict[str, Any]) -> dict[str, Any]:
    """The task that a network was trained on or constructed for: its ``name`` and its axes; empty if unknown.

    A network constructed for every length has ``ANY`` as the axis ``length``.
    """
    from holdfast.core.origin import task_of

    forever = "settings" not in origin and origin.get("constructed", {}).get("claim", {}).get("steps") == ANY
    return task_of(origin) | ({"length": ANY} if forever else {})


def least_steps_of(origin: dict[str, Any]) -> int:
    """The shortest length at which a constructed network claims to answer."""
    return int(origin.get("constructed", {}).get("claim", {}).get("least_steps", 1))
