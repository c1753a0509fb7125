"""What stands in several files about the project is the same in all of them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import holdfast

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_citation_has_the_version_and_the_licence():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(rf"^version: {re.escape(holdfast.__version__)}$", citation, re.MULTILINE)
    assert f"license: {PROJECT['project']['license']}\n" in citation


def test_classifiers_reach_from_the_least_python_to_3_14():
    versions = [one.rsplit(" ", 1)[1] for one in PROJECT["project"]["classifiers"] if "Python :: 3." in one]
    assert versions == ["3.11", "3.12", "3.13", "3.14"]
    assert PROJECT["project"]["requires-python"] == f">={versions[0]}"


def test_what_contributors_need_is_in_dependency_groups():
    assert set(PROJECT["dependency-groups"]) == {"test", "docs", "bench"}
    assert not set(PROJECT["dependency-groups"]) & set(PROJECT["project"]["optional-dependencies"])
