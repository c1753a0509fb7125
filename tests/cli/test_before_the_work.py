"""What a verb will need at its end is looked for before its work: packages, and places that can be written."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

# These take names of STARTS as they load: not while those are replaced.
import holdfast.construction.evaluation.impossibility
import holdfast.studies.page
import holdfast.studies.questions.smallest  # noqa: F401
from holdfast.cli._main import main
from holdfast.construction.evaluation.construction import construct
from holdfast.core.errors import BadValue
from holdfast.core.requirements import require
from holdfast.tasks.recall import Recall

NETWORK = "net.safetensors"
STARTS = {
    "explain": "holdfast.explanation.explain.explain",
    "certify": "holdfast.certification.prove.prove",
    "construct": "holdfast.construction.evaluation.construction.construct",
    "compare": "holdfast.comparison.run.run_study",
    "tune": "holdfast.tuning.find.tune",
    "export": "holdfast.exchange.verify",
    "import": "holdfast.exchange.verify",
    "demo": "holdfast.demonstration.demonstrate.demonstrate",
    "lab": "holdfast.studies.written.written",
}
"""Where the work of a verb begins."""
GRID = "compare --task recall --cells elman --lags 2"
NEEDS = [
    ("matplotlib", "", f"explain {NETWORK} --figures pictures"),
    ("matplotlib", "", f"{GRID} --figures pictures"),
    ("pyarrow", "parquet", f"{GRID} --parquet x.parquet"),
    ("ray", "ray", f"{GRID} --executor ray --address 127.0.0.1:1"),
    ("optuna", "tune", "tune recall"),
    ("sqlalchemy", "tune", "tune recall --storage sqlite:///x.db"),
    ("psycopg", "tune", "tune recall --storage postgresql://me@localhost/x"),
    ("torch", "torch", f"export {NETWORK} --to torch --out x.safetensors"),
    ("keras", "keras", f"export {NETWORK} --to keras --out x.keras"),
    ("onnx", "onnx", f"export {NETWORK} --to onnx --out x.onnx"),
    ("onnxruntime", "onnx", "import x.onnx --from onnx"),
]
PLACES = [
    f"explain {NETWORK} --figures PLACE/x",
    f"explain {NETWORK} --page PLACE/x.html",
    f"certify {NETWORK} --out PLACE/x.json",
    "construct recall --steps 4 --out PLACE/x.safetensors",
    f"{GRID} --csv PLACE/x.csv",
    f"{GRID} --parquet PLACE/x.parquet",
    f"{GRID} --page PLACE/x.html",
    f"{GRID} --figures PLACE/x",
    f"export {NETWORK} --to torch --out PLACE/x.safetensors",
    f"import {NETWORK} --from torch --out PLACE/x.safetensors",
    "demo --page PLACE/x.html",
    "lab --save PLACE/x.html",
]


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    from holdfast.engine.files import as_bytes

    told = construct(
        Recall(steps=3), "elman", units=4, steps=3, tolerance=0.05, dtype="float32", semantics="ieee", form=""
    )
    return as_bytes(told.construction.network, told.origin())


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch, network):
    monkeypatch.chdir(tmp_path)
    Path(NETWORK).write_bytes(network)
    Path("x.onnx").touch()
    Path("file").touch()


@pytest.fixture
def no_work(monkeypatch):
    """The work is not to begin; where it does, that is an internal error."""

    def begun(*_, **__):
        raise AssertionError("the work began")

    for place in STARTS.values():
        monkeypatch.setattr(place, begun)
    return begun


@pytest.mark.parametrize(("package", "extra", "words"), NEEDS, ids=lambda value: None)
def test_a_missing_package_is_told_before_the_work(package, extra, words, no_work, monkeypatch, capsys):
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    assert main(words.split()) == 2
    out, err = capsys.readouterr()
    assert re.search(rf"needs the package {package}, which is not installed\.\n", err)
    assert f'  Install it with: pip install "holdfast-rnn{f"[{extra}]" if extra else ""}"\n' in err
    assert out == ""
    assert not Path("pictures").exists()


@pytest.mark.parametrize("place", ["nowhere", "file"])
@pytest.mark.parametrize("words", PLACES)
def test_a_place_that_cannot_be_written_is_told_before_the_work(words, place, no_work, capsys):
    if place == "nowhere" and "--figures" in words:
        place = "file/nowhere"  # folders for pictures are made
    assert main(words.replace("PLACE", place).split()) == 2
    out, err = capsys.readouterr()
    assert err.startswith(("holdfast: cannot write ", "holdfast: cannot create the folder "))
    assert "Traceback" not in err
    assert out == ""


@pytest.mark.parametrize(
    "words", [f"explain {NETWORK} --figures pictures", f"certify {NETWORK}", f"{GRID} --csv x.csv"]
)
def test_the_check_is_seen_to_fail_where_nothing_is_missing(words, no_work, capsys):
    assert main(words.split()) == 70
    assert "the work began" in capsys.readouterr().err
    assert not os.path.exists("pictures")


def test_several_packages_are_told_at_once():
    with pytest.raises(BadValue, match="this needs the packages no_such, nor_this, which are not installed"):
        require("no_such", "json", "nor_this", extra="x", what="this")
    require("json", extra="x", what="this")


FOREIGN = re.compile(r"\b(?:pip3?|pipx|uv tool) install\b[^\n|&;`,]*?(?<![\w./-])holdfast(?![\w-])")
"""A command that installs the distribution 'holdfast', which is another project."""
HINTS = ("src/**/*.py", "src/**/*.html", "docs/**/*.md", "docs/**/*.ipynb", "docs/*.py", "benchmarks/**/*.py")
TOLD = (
    "*.md",
    "*.cff",
    "Makefile",
    "CMakeLists.txt",
    "pyproject.toml",
    ".ci/*",
    ".github/**/*.yml",
    "tests/**/*.py",
    *HINTS,
)


def test_no_hint_names_a_distribution_that_is_not_ours():
    root = Path(__file__).parents[2]
    files = [file for pattern in TOLD for file in root.glob(pattern) if file.is_file() and file != Path(__file__)]
    assert {"README.md", "pyproject.toml", "Makefile", "requirements.py"} <= {file.name for file in files}
    for file in files:
        assert not FOREIGN.search(file.read_text(encoding="utf-8", errors="replace")), file


@pytest.mark.parametrize(
    ("hint", "is_foreign"),
    [
        ("pip install holdfast", True),
        ("pip install 'holdfast[torch]'", True),
        ('python -m pip install --upgrade "holdfast>=1"', True),
        ("pip3 install -q numpy holdfast\n", True),
        ("pipx install holdfast", True),
        ("uv pip install holdfast", True),
        ("pip install 'holdfast-rnn[torch]'", False),
        ("pip install -e . && .venv/bin/holdfast demo", False),
        ("pip install ./holdfast", False),
        ("pip install holdfast_rnn.whl", False),
    ],
)
def test_the_check_of_hints_is_seen_to_fail(hint, is_foreign):
    assert bool(FOREIGN.search(hint)) == is_foreign


def test_every_extra_of_a_hint_exists():
    import tomllib

    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    known = set(project["optional-dependencies"])
    for file in [*root.glob("docs/*.md"), root / "README.md", *root.glob("src/**/*.py")]:
        for named in re.findall(r"holdfast-rnn\[([a-z,]+)\]", file.read_text(encoding="utf-8")):
            assert set(named.split(",")) <= known, file
