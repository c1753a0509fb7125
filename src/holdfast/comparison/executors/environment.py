"""What the driver ships to a Ray cluster: the package itself, plug-ins, and packages that the machines lack.

A machine needs Python and Ray alone. Ray sends the folder of the package to every machine (``py_modules``). Where a
machine lacks a package that training needs, or has another version of it, pip installs the driver's version there, into
an environment that Ray keeps for the job; this needs ``ray[default]`` on the machine, and an index that it can reach.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from holdfast.core.registry import PLUGINS

NEEDED = (
    *(
        "filelock",
        "flatbuffers",
        "jax",
        "jaxlib",
        "jaxtyping",
        "msgspec",
        "numpy",
        "optax",
        "platformdirs",
        "psutil",
        "rich",
    ),
    *("safetensors", "scipy"),
)
"""The distributions that training a unit imports, besides those that these need."""
PROBE_SECONDS = 60.0


def shipped(folder: Path) -> dict[str, Any]:
    """Ray's runtime environment with the package, and with the plug-ins in ``HOLDFAST_PLUGINS``, which are copied to
    ``folder``. Every machine has that copy as working folder."""
    environment: dict[str, Any] = {
        "py_modules": [str(Path(__file__).parents[2])],
        "excludes": ["**/__pycache__/**"],
    }
    parts = [Path(part) for part in os.environ.get(PLUGINS, "").split(os.pathsep) if part]
    if parts:
        for number, part in enumerate(parts):
            shutil.copytree(part, folder / str(number), ignore=shutil.ignore_patterns("__pycache__"))
        environment["working_dir"] = str(folder)
        environment["env_vars"] = {PLUGINS: os.pathsep.join(str(number) for number in range(len(parts)))}
    return environment


def lacking(ray: Any) -> list[str]:
    """What pip has to install: nothing where every machine has the driver's versions, otherwise all requirements."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    def different(
        wanted: Mapping[str, str],
    ) -> bool:  # sent by value, to where only Python and Ray may be
        from importlib.metadata import PackageNotFoundError, version

        for name, needed in wanted.items():
            try:
                if version(name) != needed:
                    return True
            except PackageNotFoundError:
                return True
        return False

    wanted = here()
    probe = ray.remote(num_cpus=0)(different)
    machines = [machine["NodeID"] for machine in ray.nodes() if machine["Alive"]]
    places = [NodeAffinitySchedulingStrategy(node_id=machine, soft=False) for machine in machines]
    asked = [probe.options(scheduling_strategy=place).remote(wanted) for place in places]
    answered, _ = ray.wait(asked, num_returns=len(asked), timeout=PROBE_SECONDS)
    if not any(ray.get(one) for one in answered):
        return []
    return [f"{name}=={needed}" for name, needed in wanted.items()]


def here() -> dict[str, str]:
    """The versions of ``NEEDED`` that the driver has."""
    found = {}
    for name in NEEDED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
