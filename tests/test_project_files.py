"""What stands in several files about the project is the same in all of them."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import yaml

import holdfast

ROOT = Path(__file__).parent.parent
WORKFLOWS = ROOT / ".github" / "workflows"
WHEELS = WORKFLOWS / "wheels.yml"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_citation_has_the_version_and_the_licence():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(rf"^version: {re.escape(holdfast.__version__)}$", citation, re.MULTILINE)
    assert f"license: {PROJECT['project']['license']}\n" in citation


def test_classifiers_reach_from_the_least_python_to_3_14():
    versions = [one.rsplit(" ", 1)[1] for one in PROJECT["project"]["classifiers"] if "Python :: 3." in one]
    assert versions == ["3.11", "3.12", "3.13", "3.14"]
    assert PROJECT["project"]["requires-python"] == f">={versions[0]}"


def test_windows_is_refused_in_one_sentence_before_a_compiler_is_looked_for(tmp_path):
    """CMake has this variable on Windows only; the build then leaves the library out (``if.failed``)."""
    words = [
        "cmake",
        "-S",
        str(ROOT),
        "-B",
        str(tmp_path),
        "-DCMAKE_HOST_WIN32=ON",
        "-DCMAKE_CXX_COMPILER=/nonexistent",
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    said = " ".join(done.stderr.split())
    assert "holdfast's library is not built on Windows" in said
    assert "The package works without it" in said
    assert "nonexistent" not in said


def test_the_workflows_are_yaml_and_build_the_four_platforms():
    files = {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in WORKFLOWS.glob("*.yml")}
    assert set(files) == {"check", "wheels"}
    assert {"run": ".ci/run"} in files["check"]["jobs"]["check"]["steps"]
    jobs = files["wheels"]["jobs"]
    built = {one["platform"] for one in jobs["native"]["strategy"]["matrix"]["include"]} | {"win_amd64"}
    assert built == {"manylinux_2_28_x86_64", "manylinux_2_28_aarch64", "macosx_arm64", "win_amd64"}
    assert "win_amd64" in str(jobs["windows"])
    assert set(jobs["publish"]["needs"]) == set(jobs) - {"publish"}


def test_the_tag_of_a_release_is_compared_with_the_version(tmp_path):
    """The workflow's own command, run here: it accepts this version's tag and no other."""
    (step,) = [s for s in yaml.safe_load(WHEELS.read_text(encoding="utf-8"))["jobs"]["publish"]["steps"] if "run" in s]
    for tag, accepted in ((f"v{holdfast.__version__}", True), ("v9.9.9", False), (holdfast.__version__, False)):
        ran = subprocess.run(
            ["sh", "-c", step["run"]], cwd=ROOT, env={**os.environ, "GITHUB_REF_NAME": tag}, check=False
        )
        assert (ran.returncode == 0) == accepted, tag


def test_cibuildwheel_builds_for_every_version_that_is_promised():
    wheels = PROJECT["tool"]["cibuildwheel"]
    first, *_, last = (one.rsplit(" ", 1)[1] for one in PROJECT["project"]["classifiers"] if "Python :: 3." in one)
    tags = [f"cp{version.replace('.', '')}-*" for version in (first, last)]
    assert wheels["build"][0] == tags[0]
    assert wheels["build"][-1] == tags[1]
    assert {wheels[f"manylinux-{machine}-image"] for machine in ("x86_64", "aarch64")} == {"manylinux_2_28"}
    assert wheels["environment"]["HOLDFAST_REQUIRE_NATIVE"] == "1"
    assert wheels["test-environment"]["HOLDFAST_ENGINE"] == "native"


def test_what_contributors_need_is_in_dependency_groups():
    assert set(PROJECT["dependency-groups"]) == {"test", "docs", "bench"}
    assert not set(PROJECT["dependency-groups"]) & set(PROJECT["project"]["optional-dependencies"])
