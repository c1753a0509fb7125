"""The store keeps every point once, and says in words what is wrong with a file; it never overwrites one."""

import json
import sqlite3
import threading
from dataclasses import replace

import pytest

from holdfast.comparison.store.store import Store
from holdfast.comparison.study import Study
from holdfast.core.errors import BadFile, BadRun, BadValue, UnknownName
from tests.comparison.laws import GRID, finished, keeps_every_point_once
from tests.offenders.compare import ForgetfulStore, ShuffledStore

STUDY = Study("mine", (GRID,))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs" / "store.sqlite"


@pytest.mark.parametrize("kind", [Store])
def test_every_point_is_kept_once(path, kind):
    with kind(path) as store:
        assert [c.key for c in store.begin(STUDY)] == [c.key for c in GRID.configurations()]
        keeps_every_point_once(store, "mine")
    with kind(path, write=False) as store:
        assert store.results("mine").done == store.results("mine").of == GRID.of
        assert store.done("mine") == {f.result.point: f.result.verdict for f in finished()}


@pytest.mark.parametrize("offender", [ForgetfulStore, ShuffledStore])
def test_a_store_that_does_not_is_found(path, offender):
    with offender(path) as store:
        store.begin(STUDY)
        with pytest.raises(AssertionError):
            keeps_every_point_once(store, "mine")


def test_studies_that_overlap_share_their_points(path):
    with Store(path) as store:
        store.begin(STUDY)
        store.keep(finished())
    with Store(path) as store:
        store.begin(Study("half", (GRID.altered({}, cell="lstm"),)))
        assert store.results("half").done == 20
        assert store.studies() == ["half", "mine"]


def test_other_settings_under_the_same_name_are_told_apart(path):
    with Store(path) as store:
        store.begin(STUDY)
    with Store(path) as store, pytest.raises(BadRun) as caught:
        store.begin(Study("mine", (GRID.altered({}, seeds=6, learning_rate=0.01),)))
    assert (
        "with other settings: learning_rate is 0.01,0.03 there, not 0.01, seeds is 5 there, not 6."
        in caught.value.message
    )


def test_a_second_writer_of_one_study_is_told_and_of_another_finishes(path):
    with Store(path) as one, Store(path) as other:
        one.begin(STUDY)
        with pytest.raises(BadRun, match="another process is running the study 'mine'"):
            other.begin(STUDY)
        other.begin(Study("half", (GRID.altered({}, seeds=4),)))
        points = finished(GRID.altered({}, seeds=4))

        def write(points):
            with Store(path) as store:
                for point in points:
                    store.keep([point])

        threads = [threading.Thread(target=write, args=(some,)) for some in (finished(), points)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (one.results("mine").done, other.results("half").done) == (40, 32)


def test_a_name_that_is_no_name_and_one_that_is_not_there(path):
    with Store(path) as store:
        with pytest.raises(BadValue, match=r"--study is '\.\./up', expected letters"):
            store.begin(Study("../up", (GRID,)))
        store.begin(STUDY)
        with pytest.raises(UnknownName, match="there is no study in this store named 'mint'"):
            store.results("mint")


def test_a_store_of_a_newer_version_is_left_alone(path):
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(BadFile, match="was written by a newer holdfast: its version is 2, this one reads 1"):
        Store(path)
    assert path.read_bytes() == before


def test_what_is_no_store_is_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("my only copy " * 100)
    with pytest.raises(BadFile, match=r"is damaged .file is not a database.; nothing could be read"):
        Store(path)
    assert path.read_text() == "my only copy " * 100
    other = tmp_path / "other.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()
    with pytest.raises(BadFile, match="is a database, but not a store of holdfast"):
        Store(other)
    with pytest.raises(BadFile, match="does not exist"):
        Store(tmp_path / "none.sqlite", write=False)
    assert not (tmp_path / "none.sqlite").exists()


def test_a_damaged_store_says_what_could_be_read_and_is_not_changed(path):
    with Store(path) as store:
        store.begin(STUDY)
        store.keep([replace(f, network=bytes(5000)) for f in finished()])
    whole = path.read_bytes()
    damaged = bytearray(whole)
    page = whole.rindex(b"not solved") // 4096 * 4096  # in the last page that has points
    damaged[page : page + 4096] = b"\xa5" * 4096
    path.write_bytes(damaged)
    with pytest.raises(BadFile) as caught, Store(path, write=False) as store:
        store.results("mine")
    assert "is damaged" in caught.value.message
    assert "of 1 studies could be read. It was not changed." in caught.value.message
    assert path.read_bytes() == damaged


def test_a_full_disk_is_told_and_what_was_kept_stays(path):
    with Store(path) as store:
        store.begin(STUDY)
        store.keep(finished()[:10])
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(BadRun, match=r"the disk of the store .* is full or failing"):
            store.keep([replace(f, network=bytes(20_000)) for f in finished()])
        assert store.results("mine").done == 10
    with Store(path) as store:
        store.keep(finished())
        assert store.results("mine").done == 40


def test_a_store_in_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadRun, match="cannot create the folder of the store"):
        Store(tmp_path / "file" / "store.sqlite")


def test_results_are_a_document(path):
    with Store(path) as store:
        store.begin(STUDY)
        store.keep(finished()[:7])
        document = json.loads(json.dumps(store.results("mine").as_json(), allow_nan=False))
    assert (document["study"], document["done"], document["of"]) == ("mine", 7, 40)
    wanted = ("task", "cell", "lag_steps", "units", "learning_rate", "initialisation", "seed", "solved", "sequences")
    assert {*wanted, "verdict"} <= document["points"][0].keys()
    assert {"cell", "lag_steps", "units", "best_rate", "solved", "of", "interval"} <= document["summary"][0].keys()
