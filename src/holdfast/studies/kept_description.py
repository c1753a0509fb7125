"""Descriptions of what the package itself defines, kept on disk from one command to the next.

To describe a cell or a task, JAX is imported and the step recorded, which takes longer than all else in ``show``. The
key of a description is the code of the package; what a plug-in or a session defines is described anew every time.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable

import msgspec

from holdfast.core import cache
from holdfast.core.results import Heatmap, LinePlot, Part, Table, Text
from holdfast.studies.description import Description
from holdfast.studies.folders import KINDS, SHOWN

KINDS_OF_PARTS: dict[str, type[Part]] = {kind.__name__: kind for kind in (Table, Text, LinePlot, Heatmap)}


def kept(name: str, describe: Callable[[str], Description]) -> Description:
    """What ``describe`` says of ``name``, read from the cache if it is one of the package's own names."""
    own = [kind for kind in SHOWN if name in KINDS[kind].files() and not KINDS[kind].is_plugin(name)]
    if not own or not cache.enabled():
        return describe(name)
    environment = sorted((name, value) for name, value in os.environ.items() if name.startswith(("HOLDFAST_", "JAX_")))
    key = json.dumps([name, own, sys.version, environment, cache.code()])
    stored = cache.read("descriptions", key)
    if stored is not None:
        return _decoded(stored)
    found = describe(name)
    cache.write("descriptions", key, _encoded(found))
    return found


def _encoded(found: Description) -> bytes:
    parts = [(type(part).__name__, msgspec.to_builtins(part)) for part in found.shown]
    return json.dumps([found.document, parts]).encode()


def _decoded(stored: bytes) -> Description:
    document, parts = json.loads(stored)
    return Description(document, [msgspec.convert(part, KINDS_OF_PARTS[kind]) for kind, part in parts])
