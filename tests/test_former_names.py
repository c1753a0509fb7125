"""Files that name a cell as version 0.1 did are read as what that is called now, and mean what they meant.

``data/former_names`` was written by version 0.1: for each name ``fresh.safetensors``, a network with its first weights
(1 input, 2 layers of 3 units, 2 outputs, 4 steps, seed 4), and a run of one network.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import jax
import numpy as np
import pytest

from holdfast.cells import FOLDER
from holdfast.cells._former import FORMER
from holdfast.comparison.store.store import Store
from holdfast.engine.files import load
from holdfast.engine.initialise import build
from holdfast.training.loop import train_networks
from holdfast.training.run import read_settings
from holdfast.training.settings import Settings

DATA = Path(__file__).parent / "data" / "former_names"
NOW = {
    "per_step": {"cell": "lstm", "initialisation": "auto"},
    "irnn_tanh": {"cell": "elman", "initialisation": "keras+identity"},
    "lstm1997_truncated": {"cell": "lstm1997", "initialisation": "auto"},
}


def test_every_former_name_is_free_and_tested():
    assert not set(FORMER) & set(FOLDER.names())
    assert set(FORMER) == set(NOW)
    assert {former.cell for former in FORMER.values()} <= set(FOLDER.names())


@pytest.mark.parametrize("name", NOW)
def test_a_network_is_bit_for_bit_what_is_built_now(name):
    network, origin = load(DATA / name / "fresh.safetensors")
    steps = 4 if name == "per_step" else None
    now = NOW[name]
    how = now.get("initialisation", "keras")
    expected = build(now["cell"], inputs=1, units=3, outputs=2, layers=2, seed=4, steps=steps, initialisation=how)
    assert network.cell_name == NOW[name]["cell"]
    assert origin == {"made_by": "a test"}
    assert jax.tree.structure(network) == jax.tree.structure(expected)
    for ours, theirs in zip(jax.tree.leaves(network), jax.tree.leaves(expected), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", NOW)
def test_a_run_is_trained_again_to_the_same_weights(name):
    settings = read_settings(DATA / name)
    found = {"cell": settings.cell, "initialisation": settings.initialisation}
    assert found == NOW[name]
    again = train_networks(settings, threads=1).networks[0]
    kept, _ = load(DATA / name / "weights" / "seed-0.safetensors")
    for ours, theirs in zip(jax.tree.leaves(again), jax.tree.leaves(kept), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    document = json.loads((DATA / name / "settings.json").read_text())
    assert settings.gradient == ("truncated_1997" if name == "lstm1997_truncated" else "full")
    assert settings.weights == ("per_step" if name == "per_step" else "shared")
    assert document["cell"] == name, "the file is of version 0.1"


def test_an_initialisation_that_was_given_stays():
    document = json.loads((DATA / "irnn_tanh" / "settings.json").read_text())
    del document["format"]
    assert Settings.from_json({**document, "initialisation": "pytorch"}).initialisation == "pytorch"


@pytest.mark.parametrize("name", NOW)
def test_a_store_has_its_points_under_the_name_of_today(name, tmp_path):
    file = tmp_path / "store.sqlite"
    shutil.copy(DATA.parent / "version_0_1" / "store.db", file)
    with sqlite3.connect(file) as connection:
        for table, column in (("configurations", "settings"), ("studies", "document")):
            connection.execute(f"""UPDATE {table} SET {column} = replace({column}, '"gru"', '"{name}"')""")
    connection.close()
    with Store(file, write=False) as store:
        (point,), grids = store.results("example").points, store.grids("example")
    assert {field: point[field] for field in NOW[name]} == NOW[name]
    assert point["weights"] == ("per_step" if name == "per_step" else "shared")
    assert (point["cell"], point["weights"]) in {(grid.base.cell, grid.base.weights) for grid in grids}
