"""What every test shares: the option that checks shapes, double precision, and the planted offenders as plug-ins.

``--shapes`` checks the shape annotations of holdfast's functions while the tests run (jaxtyping and beartype); it has
to be set before anything of holdfast is imported, hence here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tests import xla_flags

os.environ["XLA_FLAGS"] = xla_flags.quick_to_compile(os.environ.get("XLA_FLAGS", ""))
# What was compiled is kept for the next test.
os.environ.setdefault("HOLDFAST_CACHE", str(Path(__file__).parent.parent / ".pytest_cache" / "compiled"))

import jax
import pytest

from holdfast.core import cache
from holdfast.engine.compiled import keep_compiled_programs

OFFENDERS = Path(__file__).parent / "offenders"

collect_ignore = ["exponential", "offenders"]

pytest.register_assert_rewrite("tests.cell_laws")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shapes", action="store_true", help="check the shape annotations of holdfast while testing")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that ``tests/slow.txt`` names as slow. A name that no test has any more is harmless."""
    slow = set((Path(__file__).parent / "slow.txt").read_text().splitlines())
    for item in items:
        if item.nodeid.split("[")[0] in slow:
            item.add_marker("slow")


def pytest_configure(config: pytest.Config) -> None:
    keep_compiled_programs()
    # A test may plant a fault in what is traced, without changing a file. Commands in other processes keep traces.
    cache.enable(False)
    cache.enable = lambda on=True: None
    if config.getoption("--shapes"):
        import jaxtyping

        import tests.shapes

        jaxtyping.install_import_hook(tests.shapes.modules(), "tests.shapes.checked")


@pytest.fixture
def float64() -> Iterator[None]:
    """Double precision while the test runs: ``create(..., dtype=jnp.float64)`` then means what it says."""
    with jax.enable_x64(True):
        yield


@pytest.fixture
def offenders(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of planted offenders, read as plug-ins: its cells and tasks are found by name."""
    monkeypatch.setenv("HOLDFAST_PLUGINS", str(OFFENDERS))
    return OFFENDERS


@pytest.fixture(scope="module")
def exponential() -> Iterator[None]:
    """Cells with exponential gates and quotients (``tests/exponential``) are found by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOLDFAST_PLUGINS", str(Path(__file__).parent / "exponential"))
        yield


@pytest.fixture
def quick_to_compile() -> Iterator[None]:
    """Programs are compiled in a third of the time and run slower: for tests that compile much and run little."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)
