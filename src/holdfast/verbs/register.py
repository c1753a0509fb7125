"""``holdfast.register``: cells, blocks, tasks and other components without files, known by name in this process."""

from __future__ import annotations

from types import ModuleType
from typing import Any, TypeVar

from holdfast.core.errors import BadValue
from holdfast.core.values import got

Definition = TypeVar("Definition", bound=type | ModuleType)


def register(definition: Definition) -> Definition:
    """Make a class known by name to every verb in this process: ``LeakyUnit`` as ``leaky_unit``. A decorator.

    The class has as attributes what a file of its kind defines, or is derived from the base class of its kind:

    ==================  =====================================================================
    a cell              ``State``, ``Gates``, ``letters``, ``maps``, ``source``, ``keep``, ``write``, ``step``
    a block             ``Gates``, ``letters``, ``maps``, ``source``, ``step``; or ``joined`` or ``wrapped``
    a task              a frozen dataclass derived from ``holdfast.core.task.Task``
    a diagnostic        ``level``, ``formula``, ``source``, ``caveat``, ``measure``
    an optimiser        derived from ``holdfast.training.optimisers.Optimiser``
    an update rule      derived from ``holdfast.training.rules.UpdateRule``
    a stopping rule     derived from ``holdfast.training.stops.StoppingRule``
    ==================  =====================================================================

    Its docstring is what ``holdfast.show`` prints. A definition is checked before it is first used, as a plug-in is. If
    the class is defined again, as in a notebook, the new definition replaces the old one. Files that networks are saved
    to have the source text of the class. A module may be given in place of a class.
    Raises ``BadValue`` where the package, a plug-in or an entry point has the name, ``BadFile`` where something is
    missing.
    """
    name_of(definition)
    return definition


def name_of(definition: object) -> str:
    """Register what was given, and return its name. Raises as ``register`` does."""
    from holdfast import blocks, cells, tasks
    from holdfast.core.task import Task
    from holdfast.explanation import diagnostics
    from holdfast.training.optimisers import OPTIMISERS
    from holdfast.training.rules import RULES
    from holdfast.training.stops import STOPS

    if isinstance(definition, type):
        if issubclass(definition, Task):
            return tasks.register(definition)
        kinds: list[Any] = [OPTIMISERS, RULES, STOPS]
        for kind in kinds:
            if issubclass(definition, kind.base):
                return kind.register(definition)
    elif not isinstance(definition, ModuleType):
        raise BadValue(
            f"register was given {got(definition)}, expected a class.", "Write @holdfast.register above a class."
        )
    if hasattr(definition, "measure"):
        return diagnostics.register(definition)
    if any(hasattr(definition, name) for name in ("joined", "wrapped")) or (
        hasattr(definition, "Gates") and not hasattr(definition, "State")
    ):
        return blocks.register(definition)
    return cells.register(definition)
