"""A few hundred mutated files of every kind: each is read, or refused with one message. ``benchmarks/hostile.py`` runs
20,000 of them, under limits of time and memory."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from holdfast.core import origin as origins
from holdfast.core.errors import BadFile, Problem
from holdfast.engine.files import load, save
from tests.networks import random_network

os.environ.setdefault("KERAS_BACKEND", "jax")
ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

from attacks import certificates, files, mutations, originals  # noqa: E402 -- they lie beside their benchmark

DATA = Path(__file__).parent / "data" / "version_0_1"
CASES = {"network": 150, "checkpoint": 60, "settings": 200, "result": 100, "store": 120, "kept": 60, "trials": 60,
         "onnx": 80, "torch": 80}  # fmt: skip
"""Those of Keras load a model each: the benchmark has them, ``tests/exchange`` the worst of them."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from holdfast import exchange

    place = tmp_path_factory.mktemp("hostile")
    shutil.copytree(DATA, place / "data")
    shutil.copy(originals.STUDY, place / "kept.json")
    for name, ending in (("onnx", ".onnx"), ("torch", ".safetensors")):
        for cell in ("gru", "elman"):
            made = random_network(cell, dtype=jnp.float32)
            exchange.get(name).write(made, {"seed": 1}, place / f"{name}-{cell}{ending}")
    return place


@pytest.fixture(autouse=True)
def same_precision():
    """A file of double precision switches it on, for the whole process."""
    before = jax.config.jax_enable_x64
    yield
    jax.config.update("jax_enable_x64", before)


def faults(folder, name, count, seed=0):
    """What was raised that is no ``Problem``, and how many files were read and refused."""
    kind, found, words = files.kinds(folder)[name], [], {"read": 0, "refused": 0}
    kind.warm()
    act = files.case(name, kind, folder, seed)
    for number in range(count):
        try:
            act(number)()
            words["read"] += 1
        except Problem:
            words["refused"] += 1
        except Exception as error:
            found.append((number, repr(error)))
    return found, words


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore")
def test_a_mutated_file_is_read_or_refused(folder, name):
    found, words = faults(folder, name, CASES[name])
    assert found == []
    assert words["refused"] > CASES[name] // 4
    assert words["read"] > 0


def test_an_origin_that_is_believed_unread_is_caught(folder, monkeypatch):
    """The planted fault: the origin as it was read before, as any JSON there is."""
    monkeypatch.setattr(origins, "parse", lambda text, where: json.loads(text))
    found, _ = faults(folder, "network", 80)
    assert len(found) > 2


def test_what_version_0_1_wrote_is_read():
    from holdfast.verbs._network import own_task

    network, origin = load(DATA / "constructed.safetensors")
    assert (network.cell_name, network.units, own_task(origin)["name"]) == ("lstm", 32, "recall")
    network, origin = load(DATA / "run" / "weights" / "seed-1.safetensors")
    assert (network.cell_name, own_task(origin)["steps"]) == ("gru", 3)
    kinds = files.kinds(DATA.parent / "version_0_1")
    for name, file in (("settings", "run/settings.json"), ("store", "store.db")):
        copy = shutil.copy(DATA / file, DATA.parent)
        try:
            kinds[name].read(Path(copy))
        finally:
            Path(copy).unlink(missing_ok=True)


def test_a_mutation_is_the_same_again():
    for act in (mutations.of_json, mutations.of_number):
        document = json.loads((DATA / "constructed.certificate.json").read_text())
        assert act(random.Random("1"), document) == act(random.Random("1"), document)


@pytest.fixture(scope="module")
def certified(tmp_path_factory):
    from holdfast.certification.certificate import save as keep
    from holdfast.certification.prove import prove
    from holdfast.training.settings import make_task

    place = tmp_path_factory.mktemp("certified")
    shutil.copy(DATA / "constructed.safetensors", place / "certified-0.safetensors")
    network, task = load(DATA / "constructed.safetensors")[0], make_task("recall", {"steps": 10})
    proof = prove(network, task, lengths=task.lengths("up to"), tolerance=0.05)
    keep(proof.certificate, place / "certified-0.json")
    (place / "accepted-0").mkdir()
    return place


def test_a_mutated_certificate_is_refused_or_its_claim_is_implied(certified):
    from holdfast.certification.certificate import parse

    act, words = certificates.case(certified, 0, seed=0), []
    for number in range(200):
        try:
            words.append(act(number)())
        except BadFile:
            words.append("refused")
    assert {"refused", "not accepted", "accepted"} <= set(words)
    original = parse(json.loads((certified / "certified-0.json").read_text()))
    network = load(certified / "certified-0.safetensors")[0]
    for file in (certified / "accepted-0").glob("*.json"):
        changed = parse(json.loads(file.read_text()))
        assert certificates.implied(changed, original) or not certificates.refuted(changed, network)


def test_an_untrue_claim_is_found_out(certified):
    """The planted fault: a claim a hundred times as good as what is true."""
    from dataclasses import replace

    from holdfast.certification.certificate import parse

    original = parse(json.loads((certified / "certified-0.json").read_text()))
    false = replace(original, claim=replace(original.claim, error=original.claim.error / 100))
    assert not certificates.implied(false, original)
    assert certificates.refuted(false, load(certified / "certified-0.safetensors")[0])


def test_a_network_saved_by_this_version_is_read_with_its_origin(tmp_path):
    save(random_network("gru", dtype=jnp.float32), tmp_path / "n", {"made_by": "a test"})
    assert load(tmp_path / "n")[1] == {"made_by": "a test"}
