"""What pip makes of the sources: with a compiler a wheel with the library, without one a wheel that works all the same.

Everything starts from the source distribution, so that a file which is missing there is missed here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import holdfast
from holdfast.engine.native import library

ROOT = Path(__file__).parent.parent
PAGE = ("html", "css", "js")
"""Of these files a page is made, which draws itself."""
TOUR = "holdfast/laboratory/tour.json"
LIBRARY = "holdfast/engine/native/libholdfast_native.so"

pytestmark = pytest.mark.slow


def called(*words: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run a command in an environment without variables that tell where holdfast's sources are or how it is built."""
    elsewhere = ("HOLDFAST_", "SKBUILD_")
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH" and not k.startswith(elsewhere)}
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**kept, "JAX_PLATFORMS": "cpu", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """The source distribution, unpacked."""
    folder = tmp_path_factory.mktemp("sources")
    program = "import sys; from scikit_build_core.build import build_sdist; build_sdist(sys.argv[1])"
    made = called(sys.executable, "-c", program, folder, cwd=ROOT)
    assert made.returncode == 0, made.stdout + made.stderr
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


@pytest.fixture(scope="module")
def no_compiler(tmp_path_factory):
    """An environment in which no program is found by its name."""
    return {"PATH": str(tmp_path_factory.mktemp("empty")), "CC": "/nonexistent", "CXX": "/nonexistent"}


def wheel(sources: Path, folder: Path, **environment: str) -> subprocess.CompletedProcess:
    """Make a wheel of ``sources`` in ``folder``, with the build tools of this environment."""
    pip = (sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index", "--no-cache-dir")
    return called(*pip, "-w", folder, sources, cwd=folder, **environment)


def the_wheel(sources: Path, folder: Path, **environment: str) -> Path:
    made = wheel(sources, folder, **environment)
    assert made.returncode == 0, made.stdout + made.stderr
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def pure(sources, no_compiler, tmp_path_factory):
    return the_wheel(sources, tmp_path_factory.mktemp("pure"), **no_compiler)


@pytest.fixture(scope="module")
def compiled(sources, tmp_path_factory):
    # For one set of instructions and unoptimised: all else is as in the wheel that '.ci/run' makes and tries.
    only = f"HOLDFAST_INSTRUCTIONS={library.status().instructions_built[0]}"
    how = {"HOLDFAST_REQUIRE_NATIVE": "1", "SKBUILD_CMAKE_BUILD_TYPE": "Debug", "SKBUILD_CMAKE_DEFINE": only}
    return the_wheel(sources, tmp_path_factory.mktemp("compiled"), **how)


def names(file: Path) -> set[str]:
    """The files of a wheel that belong to the package."""
    with zipfile.ZipFile(file) as archive:
        return {name for name in archive.namelist() if name.startswith("holdfast/")}


def installed(file: Path, folder: Path) -> Path:
    """A new environment in ``folder`` with this wheel, which finds everything else where this process does."""
    called(sys.executable, "-m", "venv", "--without-pip", "env", cwd=folder)
    (packages,) = folder.glob("env/lib/python*/site-packages")
    others = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    (packages / "others.pth").write_text("\n".join(others) + "\n")
    pip = (sys.executable, "-m", "pip", "--python", folder / "env", "install", "--no-deps", "--no-index")
    done = called(*pip, file, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "env" / "bin"


TRY = """
import json, holdfast, jax.numpy as jnp
net = holdfast.build("lstm", inputs=1, units=4, outputs=1)
print(json.dumps([holdfast.__file__, holdfast.unroll(net, jnp.ones((2, 5, 1)))[0].shape]))
"""


def doctor_of(file: Path, folder: Path, **environment: str) -> tuple[int, dict]:
    """What ``holdfast doctor`` says where this wheel is installed, after a network has run there."""
    programs = installed(file, folder)
    ran = called(programs / "python", "-c", TRY, cwd=folder)
    assert ran.returncode == 0, ran.stderr
    file_of_package, shape = json.loads(ran.stdout)
    assert Path(file_of_package).is_relative_to(folder)
    assert shape == [2, 5, 1]
    ran = called(programs / "holdfast", "doctor", "--json", cwd=folder, **environment)
    assert ran.stdout, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def test_the_sources_are_all_there_and_nothing_that_was_built(sources):
    files = {file.relative_to(sources).as_posix() for file in sources.rglob("*") if file.is_file()}
    native = {file.relative_to(ROOT).as_posix() for e in ("cpp", "h", "py") for file in ROOT.glob(f"src/**/*.{e}")}
    assert native <= files
    assert {"CMakeLists.txt", "Makefile", "README.md", "LICENSE", "pyproject.toml", "tests/test_install.py"} <= files
    assert not {file for file in files if Path(file).suffix in (".so", ".dylib", ".pyc")}
    assert not {file for file in files if file.split("/")[0] in (".venv", "build", "dist", "runs", ".git")}


def test_without_a_compiler_the_wheel_is_pure_and_works(pure, tmp_path):
    assert pure.name == f"holdfast_rnn-{holdfast.__version__}-py3-none-any.whl"
    pages = {name for name in names(pure) if name.startswith("holdfast/report/page/") and not name.endswith(".py")}
    here = {file for kind in PAGE for file in (ROOT / "src/holdfast/report/page").rglob(f"*.{kind}")}
    assert pages == {file.relative_to(ROOT / "src").as_posix() for file in here}
    kept = {name for name in names(pure) if name.startswith("holdfast/studies/kept/") and name.endswith(".json")}
    assert len(kept) == len(list((ROOT / "src/holdfast/studies/kept").glob("*.json"))) > 0
    assert not {name for name in names(pure) - pages - kept - {TOUR} if Path(name).suffix not in (".py", ".typed")}
    code, told = doctor_of(pure, tmp_path)
    assert code == 0
    assert told["engine"]["used"] == "loop"
    assert "no compiled library" in told["engine"]["why"]


def test_with_a_compiler_the_wheel_has_the_library_and_it_is_used(compiled, pure, tmp_path):
    system = "macosx" if sys.platform == "darwin" else "linux"
    assert compiled.name.startswith(f"holdfast_rnn-{holdfast.__version__}-py3-none-{system}")
    assert names(compiled) == names(pure) | {LIBRARY}
    code, told = doctor_of(compiled, tmp_path, HOLDFAST_ENGINE="native")
    assert code == 0, told
    assert told["engine"]["used"] == "native"
    assert Path(told["library"]["path"]).is_relative_to(tmp_path)
    assert set(told["library"]["instructions_supported"]) & set(told["library"]["instructions_built"])
    assert told["library"]["instructions"] in told["library"]["instructions_supported"]


def test_what_the_compiler_refuses_is_left_out(sources, pure, tmp_path):
    shutil.copytree(sources, tmp_path / "sources")
    header = tmp_path / "sources/src/holdfast/engine/native/kernels.h"
    header.write_text("#error this compiler is too old\n" + header.read_text())
    made = the_wheel(tmp_path / "sources", tmp_path)
    assert made.name == pure.name
    assert names(made) == names(pure)


def test_a_library_that_is_required_is_not_left_out(sources, no_compiler, tmp_path):
    made = wheel(sources, tmp_path, HOLDFAST_REQUIRE_NATIVE="1", **no_compiler)
    assert made.returncode != 0
    assert not list(tmp_path.glob("*.whl"))
