"""Programs whose trace is kept on disk beside the compiled ones: a later process neither traces nor lowers them.

A kept trace is used only if nothing that determines it has changed: the files of holdfast and of its library, the
versions of JAX and Optax, JAX's settings, the environment, what the caller names (task, settings, cells), and the
structure, shapes and number formats of the arguments. A file that is damaged is written again. Whatever plug-ins or a
caller's own modules take part in is traced every time.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import jax

from holdfast import blocks, cells
from holdfast.core import cache
from holdfast.core.fields import plain
from holdfast.core.task import Task
from holdfast.core.typed_jax import double_precision, jit, tree_flatten, tree_structure, tree_unflatten
from holdfast.engine import compiled, lapack
from holdfast.engine.native import library
from holdfast.engine.network import Network
from holdfast.engine.resolve import resolve, taken_apart

Identity = Mapping[str, Any]
"""What determines a program besides its arguments, as plain JSON."""


class TracedProgram:
    """A compiled function of arrays that several threads may call at once, and that is compiled once for each structure
    of its arguments.

    ``make`` gives the function, and is called only if it has to be traced. Of the arguments, ``result`` gives a tree
    with the structure of the result, and ``identity`` what determines the trace besides them, or None if it is not to
    be kept.
    """

    def __init__(
        self,
        make: Callable[[], Callable[..., Any]],
        result: Callable[..., Any],
        identity: Callable[..., Identity | None],
    ) -> None:
        self._make, self._result, self._identity = make, result, identity
        self._compiled: dict[Any, Callable[..., Any]] = {}
        self._lock = threading.Lock()

    def __call__(self, *arguments: Any) -> Any:
        leaves, structure = tree_flatten(arguments)
        # The structure contains the cell's name: two cells may have weights of the same shapes.
        kind = (structure, double_precision(), *((a.shape, a.dtype) for a in leaves))
        with self._lock:
            if kind not in self._compiled:
                self._compiled[kind] = self._compile(arguments, leaves, structure)
        return self._compiled[kind](*arguments)

    def _compile(self, arguments: tuple[Any, ...], leaves: list[Any], structure: Any) -> Callable[..., Any]:
        key = self._key(arguments, leaves, structure)
        if key is None:
            return _compiled(self._make(), arguments)
        library.ready()  # registers its functions, which a kept program may call
        kept = cache.read("traced", key)
        if kept is None:
            kept = bytes(self._export(leaves, structure).serialize())
            cache.write("traced", key, kept)
        lapack.load()
        exported: Any = jax.export.deserialize(bytearray(kept))
        program = _compiled(exported.call, leaves)
        outside = tree_structure(self._result(*arguments))

        def call(*arguments: Any) -> Any:
            return tree_unflatten(outside, program(*tree_flatten(arguments)[0]))

        return call

    def _key(self, arguments: tuple[Any, ...], leaves: list[Any], structure: Any) -> str | None:
        """The key of the trace for these arguments; None if it is not kept."""
        identity = self._identity(*arguments) if cache.enabled() else None
        if identity is None:
            return None
        shapes = [(list(a.shape), str(a.dtype), bool(getattr(a, "weak_type", False))) for a in leaves]
        return json.dumps([_surroundings(), double_precision(), identity, str(structure), shapes], sort_keys=True)

    def _export(self, leaves: list[Any], structure: Any) -> jax.export.Exported:
        function = self._make()

        def flat(*leaves: Any) -> list[Any]:
            return tree_flatten(function(*tree_unflatten(structure, leaves)))[0]

        jitted: Any = jit(flat)
        ours = [jax.export.DisabledSafetyCheck.custom_call(name) for name in library.HANDLERS]
        return jax.export.export(jitted, platforms=(jax.default_backend(),), disabled_checks=ours)(*leaves)


def _compiled(function: Callable[..., Any], arguments: Sequence[Any]) -> Callable[..., Any]:
    """The function, compiled for arguments of these structures, shapes and number formats."""
    jitted: Any = jit(function)
    return jitted.lower(*arguments).compile()


def network_program(
    function: Callable[..., Any], result: Callable[..., Any] = lambda *_: 0, **options: str | int
) -> TracedProgram:
    """The program of a function of a model and arrays, which depends on them and ``options`` alone. ``result`` gives a
    tree with the structure of its result (default: one array). Kept for a network of holdfast's own cells."""
    name = f"{function.__module__}.{function.__qualname__}"

    def identity(model: object, *_: object) -> Identity | None:
        if not isinstance(model, Network) or not is_own_cell(model.cell_name):
            return None
        return {"program": name, "cell": model.cell_name, **options}

    return TracedProgram(lambda: function, result, identity)


def is_own(thing: object) -> bool:
    """Whether this object's class is one of holdfast's own files: what a plug-in does may change without notice."""
    return type(thing).__module__.startswith("holdfast.")


def task_identity(program: str, cell: str | None, task: Task, **options: str | int) -> Identity | None:
    """What determines a program that runs a network of this cell, or none, on a task; None if a part of either is not
    holdfast's own."""
    own = is_own(task) and (cell is None or is_own_cell(cell))
    return {"program": program, "task": task.name, "axes": plain(task), **options} if own else None


def is_own_cell(name: str) -> bool:
    """Whether the cell of this full name and the blocks around it are holdfast's own."""
    block, inside = taken_apart(name)
    if block:
        return not blocks.FOLDER.is_plugin(block) and all(map(is_own_cell, inside))
    return not cells.FOLDER.is_plugin(name) and resolve(name).step.__module__ == f"holdfast.cells.{name}"


@lru_cache(maxsize=1)
def _surroundings() -> list[Any]:
    """What the trace of any program depends on: code, versions, JAX's settings and the environment."""
    from importlib.metadata import version

    of_library = library.status()
    native = [str(of_library.path), *(cache.stamp(of_library.path) if of_library.path else ()), of_library.reason]
    settings = {
        name: str(getattr(jax.config, name))
        for name in ("jax_default_matmul_precision", "jax_default_prng_impl", "jax_threefry_partitionable",
                     "jax_numpy_dtype_promotion", "jax_debug_nans")
    }  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if name.startswith(("HOLDFAST_", "JAX_"))}
    versions = [sys.version, jax.__version__, version("jaxlib"), version("optax"), jax.default_backend()]
    return [cache.code(), native, settings, environment, versions, compiled.memory_is_kept()]
