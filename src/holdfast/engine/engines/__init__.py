"""The engines, one file each: ways to run a network over a sequence. ``loop`` is the reference for the others.

Every file has two functions: ``unsuitable(request)`` returns why this engine cannot run a request, and ``run`` runs it.
The folder lies inside ``engine/`` because ``unroll`` calls the engines and the engines use networks: two separate
folders would import each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from holdfast.core.errors import BadValue, UnknownName
from holdfast.core.registry import Folder
from holdfast.engine.native import environment

if TYPE_CHECKING:
    from holdfast.core.arrays import Array, PerLayer
    from holdfast.core.cell import Cell
    from holdfast.engine.network import Network

FOLDER = Folder("engine", "holdfast.engine.engines", Path(__file__).parent)
AUTO = environment.AUTO
PREFERRED = ("native", "loop")
"""The engines that "auto" tries, in this order. ``parallel`` is used only when it is named: results of earlier versions
were computed without it, and stores identify results by the engine's name."""


@dataclass(frozen=True)
class Request:
    """What an engine is asked to compute: the cell of every layer, the gradient rule (``engine.gradients``), whether
    all steps share their weights, and the window in steps of truncated backpropagation. ``arrays`` are the arrays of
    the call where they are known; their number formats and sizes matter."""

    cell: Cell
    gradient: str = "full"
    shared_weights: bool = True
    truncate: int | None = None
    arrays: object = ()


@runtime_checkable
class Engine(Protocol):
    """The interface of every file in this folder."""

    def unsuitable(self, request: Request) -> str | None:
        """Why this engine cannot run the request on this machine, as a clause; None if it can."""
        ...

    def run(
        self,
        network: Network,
        inputs: Array,
        state: PerLayer,
        *,
        present: Array | None,
        truncate: int | None,
        read_from: int,
        gradient: str,
    ) -> tuple[Array, PerLayer]:
        """The outputs [batch, time - read_from, output] and the last state. The arguments are those of ``unroll``."""
        ...


def names() -> tuple[str, ...]:
    """The accepted names: "auto", then every engine."""
    return (AUTO, *FOLDER.names())


def get(name: str) -> Engine:
    """The engine of this name. Raises ``UnknownName``."""
    return cast("Engine", FOLDER.load(name))


def chosen(engine: str, request: Request) -> str:
    """The name of the engine that will run the request. ``engine`` is "auto" or the name of an engine.

    Raises the errors of ``asked``, and ``BadValue`` if an engine is requested by name and cannot run the request.
    """
    for name in asked(engine):
        reason = get(name).unsuitable(request)
        if not reason:
            return name
        if engine != AUTO:
            raise BadValue(f"the engine '{engine}' cannot be used: {reason}.", "Use the engine 'auto' or 'loop'.")
    raise AssertionError("the loop runs every network")


def asked(engine: str = AUTO) -> tuple[str, ...]:
    """The available engines in the order in which they are tried. For a name this is that engine alone. For "auto" it
    is the engine in ``HOLDFAST_ENGINE`` followed by the loop, or ``PREFERRED`` if the variable is not set.

    Raises ``UnknownName`` for an engine that does not exist. Raises ``BadValue`` if the environment has an invalid
    value or one that this machine does not support, or if "native" is requested by name and is not available.
    """
    from holdfast.engine.native import library

    if engine != AUTO and engine not in names():
        raise UnknownName("engine", engine, names())
    library.refuse_bad_environment()
    wanted = environment.engine() if engine == AUTO else engine
    if wanted == "native":
        library.demand()
    if engine != AUTO:
        return (engine,)
    order = PREFERRED if wanted == AUTO else tuple(dict.fromkeys((wanted, "loop")))
    return order if "native" not in order or library.ready().available else ("loop",)
