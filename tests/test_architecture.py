"""The house stands as ``architecture.py`` says: arrows between rooms, files that fit on a few screens, no pickle,
no JAX before it is needed. The checker is seen to fail on a planted offender for each rule."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import holdfast
from tests.architecture import LIGHT, LONGEST, MAY_IMPORT, broken_rules
from tests.conftest import OFFENDERS

HOUSE = Path(holdfast.__file__).parent


def test_no_rule_is_broken_in_holdfast():
    assert broken_rules(HOUSE) == []


def test_makers_and_checkers_are_strangers():
    strangers = {"training", "construction", "construction.evaluation", "certification", "explanation"}
    for room in strangers:
        known = {known.split(".")[0] for known in MAY_IMPORT[room]}
        assert not known & strangers - {room.split(".")[0]}
    assert not any("cli" in known for known in MAY_IMPORT.values())


@pytest.mark.parametrize(
    ("package", "breaches"),
    [
        ("arrow", ["core/cell.py imports holdfast.engine.network", "report/page.py imports holdfast.training.run"]),
        (
            "hidden",
            [
                "cells/lstm.py imports holdfast.engine.unroll",
                "tasks/echo.py imports holdfast.cells.lstm",
                "tasks/named.py imports holdfast.cells",
                "training/loop.py imports holdfast.studies.grid",
            ],
        ),
        (
            "strangers",
            [
                "certification/judge.py imports holdfast.construction.plan",
                "construction/budget.py imports holdfast.construction.evaluation",
                "construction/budget.py imports holdfast.construction.evaluation.construction",
                "construction/plan.py imports holdfast.engine.unroll",
                "explanation/gates.py imports holdfast.training.run",
                "training/loop.py imports holdfast.certification.judge",
            ],
        ),
        ("upstairs", ["studies/grid.py imports holdfast.cli.main"]),
        ("front", ["engine/unroll.py imports holdfast", "engine/unroll.py imports holdfast.Network"]),
        (
            "heavy",
            ["__init__.py imports jax at import time", "__init__.py imports holdfast.engine.network at import time"],
        ),
        ("early", ["cli/train.py imports jax.numpy at module level", "core/errors.py imports jax at module level"]),
        ("pickled", ["engine/files.py imports pickle"]),
        ("rooms", ["attic/box.py: the room attic is not in the table", "loose.py is in no room"]),
        ("nameless", ["core/utils.py: a file named utils says nothing"]),
        ("twice", ["training/measure.py has a class Score, as explanation/decode.py has"]),
        ("relative", ["engine/unroll.py imports ..train, expected an absolute import"]),
        (
            "scanning",
            [
                f"{file}.py calls lax.scan, expected over_time of engine/over_time.py"
                for file in ("engine/unroll", "explanation/probe", "training/update")
            ],
        ),
        ("innocent", []),
    ],
)
def test_a_planted_breach_is_found_and_nothing_else(package, breaches):
    assert broken_rules(OFFENDERS / "packages" / package) == breaches


def test_a_long_file_is_found(tmp_path):
    for name, lines in (("whole.py", LONGEST), ("long.py", LONGEST + 1)):
        (tmp_path / "core").mkdir(exist_ok=True)
        (tmp_path / "core" / name).write_text("x = 1\n" * lines)
    assert broken_rules(tmp_path) == ["core/long.py has 401 lines, expected at most 400"]


def test_every_planted_package_is_judged():
    planted = {folder.name for folder in (OFFENDERS / "packages").iterdir()}
    cases = test_a_planted_breach_is_found_and_nothing_else.pytestmark[0].args[1]
    assert planted == {package for package, _ in cases}


def test_what_has_to_be_light_imports_no_jax():
    files = [HOUSE / name for name in LIGHT] + sorted((HOUSE / "cli").glob("*.py"))
    modules = [".".join(("holdfast", *file.relative_to(HOUSE).with_suffix("").parts)) for file in files]
    program = (
        "import importlib, sys\n"
        f"for name in {['holdfast', *modules]}:\n"
        "    importlib.import_module(name)\n"
        "    assert not {'jax', 'jaxlib', 'optax', 'numpy'} & sys.modules.keys(), name\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(HOUSE.parent)}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
