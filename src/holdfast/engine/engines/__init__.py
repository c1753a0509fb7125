"""The engines: one file each, a way to run a network over a sequence. What is right is what ``loop`` computes.

Every file has two functions: ``unsuitable(request)`` says why this engine cannot do what is asked, and ``run`` does it.
They lie inside ``engine/`` and not beside it: ``unroll`` asks them, and they run networks, so that two folders would
import each other.
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
"""What "auto" asks, in this order. The engine ``parallel`` is taken where it is asked for: results of earlier versions
were computed without it, and a store finds them by the engine's name."""


@dataclass(frozen=True)
class Request:
    """What an engine is to compute: the cell of every layer, the gradient rule (``engine.gradients``), whether all
    steps use the same weights, and after how many steps the gradient is cut. ``arrays`` are those of the call, as far
    as they are known: their number formats and sizes count."""

    cell: Cell
    gradient: str = "full"
    shared_weights: bool = True
    truncate: int | None = None
    arrays: object = ()


@runtime_checkable
class Engine(Protocol):
    """What every file of this folder is."""

    def unsuitable(self, request: Request) -> str | None:
        """Why this engine cannot do it here, as a clause; None where it can."""
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
        """Outputs [batch, time - read_from, output] and the last state; the arguments are those of ``unroll``."""
        ...


def names() -> tuple[str, ...]:
    """What may be asked for: "auto", then every engine."""
    return (AUTO, *FOLDER.names())


def get(name: str) -> Engine:
    """The engine of this name. Raises ``UnknownName``."""
    return cast("Engine", FOLDER.load(name))


def chosen(engine: str, request: Request) -> str:
    """The name of the engine that will do what is asked; ``engine`` is "auto" or the one that is asked for by name.

    Raises as ``asked`` does, and ``BadValue`` where an engine is asked for by name and is unsuitable.
    """
    for name in asked(engine):
        reason = get(name).unsuitable(request)
        if not reason:
            return name
        if engine != AUTO:
            raise BadValue(f"the engine '{engine}' cannot be used: {reason}.", "Use the engine 'auto' or 'loop'.")
    raise AssertionError("the loop runs every network")


def asked(engine: str = AUTO) -> tuple[str, ...]:
    """The engines that can be had here, in the order in which they are asked: the one of this name alone, or for "auto"
    the one that ``HOLDFAST_ENGINE`` names and then the loop, or else those of ``PREFERRED``.

    Raises ``UnknownName`` for an engine that does not exist; ``BadValue`` where the environment asks for something that
    means nothing or that this machine lacks, or where "native" is asked for by name and cannot be had.
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
