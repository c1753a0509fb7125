"""The verb: its messages, its exit codes, its one JSON document, its files."""

import csv
import json
import sys
from dataclasses import replace

import pytest

from holdfast.cli._main import main
from holdfast.comparison.results.answer import answer
from holdfast.comparison.results.verdicts import Verdict
from holdfast.comparison.store.store import Store
from holdfast.comparison.study import Study
from tests.comparison.laws import GRID, TASKS, finished

SMALL = GRID.altered({}, seeds=2, task=TASKS[1])


@pytest.fixture
def stored(tmp_path):
    """A study that is done, with real networks, though nobody trained them."""
    from holdfast.engine.files import as_bytes
    from holdfast.engine.initialise import build

    grid, points = SMALL, finished(SMALL)
    made = []
    for number, configuration in enumerate(grid.configurations()):
        settings = configuration.settings
        network = build(settings.cell, inputs=1, units=2, outputs=1)
        file = as_bytes(network, {"made_by": "compare", "settings": settings.as_json()})
        made += [replace(f, network=file) for f in points[2 * number : 2 * number + 2]]
    path = tmp_path / "store.sqlite"
    with Store(path) as store:
        store.begin(Study("mine", (grid,)))
        store.keep(made)
    return path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("compare", "holdfast compare needs a task or a study."),
        ("compare --task recal", "there is no task named 'recal'"),
        ("compare --task recall --cells lstn", "there is no cell named 'lstn'"),
        ("compare --task recall --lags ", "--lags is empty, expected at least one value"),
        ("compare --task recall --lags 10,x", "--lags is '10,x', expected whole numbers separated by commas."),
        ("compare --task recall --rates 0", "--rates is 0, expected a positive number of at most 3.4e+38."),
        ("compare --task recall --steps 5 --lags 3", "--steps and --lags both set the length of recall."),
        ("compare --study non", "there is no study named 'non'"),
        ("compare --task recall --engine ray", "--engine is 'ray', expected one of auto, loop, native, parallel"),
        ("compare --task recall --executor xla", "--executor is 'xla', expected processes or ray"),
        ("compare --task recall --executor ray", "--executor ray and --address need each other."),
        ("compare --task recall --over clip", "--over is 'clip', expected a setting and its values."),
        ("compare --task recall --over clop=1", "there is no setting to sweep named 'clop'"),
        ("compare --task recall --over clip=1,x", "--over clip is '1,x', expected numbers separated by commas."),
        ("compare --task recall --over clip=-1,1", "--over clip is -1, expected a positive number"),
        ("compare --task recall --over optimiser=adam,adma", "there is no optimiser named 'adma'"),
        (f"compare --task recall --over optimiser={'x' * 300}", "expected one of adam, adamw, rmsprop, sgd."),
        (f"compare --task recall --updates {'x' * 300}", "expected one of batch, online, sequence, step."),
        (f"compare --task recall --initialisations {'x' * 300}", "expected text of at most 200 characters."),
        ("compare --task recall --over seeds=3,4", "there is no setting to sweep named 'seeds'"),
        ("compare --task recall --clip 1 --over clip=1,2", "clip is given twice, the second time by --over clip."),
        ("compare --task recall --workers 0", "--workers is 0, expected at least 1."),
        ("compare --task recall --csv nowhere/x.csv", "cannot write nowhere/x.csv: there is no folder"),
        (
            "compare --task recall --cells lstm --lags 1000 --units 32 --seeds 10000",
            "this grid has 30,000 points and may take",
        ),
        (
            "compare --task recall --cells elman --lags 2 --executor ray --address 127.0.0.1:1",
            "the Ray cluster at 127.0.0.1:1 cannot be reached",
        ),
    ],
)
def test_a_mistake_is_told_once_with_exit_code_2(tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    given = words.split(" ") if "--lags " not in words or not words.endswith(" ") else [*words.split(), ""]
    assert main(given) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert out == ""
    assert "Traceback" not in err


def test_a_study_that_is_not_there_leaves_no_empty_store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in (["--study", "non"], ["--study", "tutorail"], ["--task", "recall", "--rates", "0"]):
        assert main(["compare", *words]) == 2
        assert not any(tmp_path.iterdir())


def test_other_settings_under_a_stored_name(stored, capsys):
    assert main(["compare", "--study", "mine", "--store", str(stored), "--seeds", "3"]) == 2
    assert "the study 'mine' is in" in (err := capsys.readouterr().err)
    assert "seeds is 2 there, not 3" in err


def test_what_is_done_is_reported_from_the_store_with_all_its_files(stored, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["compare", "--study", "mine", "--store", str(stored)]
    assert main([*words, "--json", "--csv", "x.csv", "--parquet", "x.parquet", "--page", "x.html"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["study"], document["done"], document["of"], document["verdicts"]) == ("mine", 8, 8, [])
    with open("x.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["sequences"] for row in rows] == [str(point["sequences"]) for point in document["points"]]
    import pyarrow.parquet

    assert pyarrow.parquet.read_table("x.parquet").to_pylist() == document["points"]
    page = (tmp_path / "x.html").read_text()
    for line in ("elman", "lstm"):
        name = f"recall-{line}-lag5-units2-auto-batch-fixed"
        assert f"x-networks/{name}.html" in page
        assert (tmp_path / "x-networks" / f"{name}.html").is_file()
        assert main(["test", f"x-networks/{name}.safetensors", "--sequences-per-length", "8"]) == 1
    assert main([*words, "--report"]) == 0
    assert "mine: 8 of 8 points." in capsys.readouterr().out


def test_a_claim_that_does_not_hold_is_an_honest_no(stored):
    def verdicts(results):
        return (Verdict("elman remembers", {"solved": len(results.points)}, "does not hold", "it was measured"),)

    with Store(stored) as store:
        results = store.results("mine")
    found = answer(Study("mine", results.grids, "Does it?", verdicts), results)
    assert found.refuted
    assert found.as_json()["verdicts"][0] == {
        "claim": "elman remembers",
        "figures": {"solved": 8},
        "verdict": "does not hold",
        "why": "it was measured",
    }
    assert "elman remembers" in str(found.parts())


def test_studies_are_listed(capsys):
    assert main(["list", "studies", "--json"]) == 0
    listed = {study["name"]: study["sentence"] for study in json.loads(capsys.readouterr().out)["studies"]}
    assert listed.keys() >= {"forget_bias", "lag", "shared_weights", "smallest", "tutorial", "why_gates"}
    assert all(sentence.endswith("?") for sentence in listed.values())


def test_what_an_extra_brings_is_named_where_it_is_missing(stored, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    words = ["compare", "--study", "mine", "--store", str(stored)]
    assert main([*words, "--parquet", str(tmp_path / "x.parquet")]) == 2
    assert "--parquet needs the package pyarrow, which is not installed." in (err := capsys.readouterr().err)
    assert 'pip install "holdfast-rnn[parquet]"' in err
    words = ["compare", "--task", "recall", "--cells", "elman", "--lags", "2", "--store", str(stored)]
    assert main([*words, "--executor", "ray", "--address", "127.0.0.1:1"]) == 2
    assert 'pip install "holdfast-rnn[ray]"' in capsys.readouterr().err


def test_a_study_of_ones_own_is_a_file_in_a_plug_in_folder(tmp_path, monkeypatch, stored, capsys):
    (tmp_path / "questions").mkdir()
    (tmp_path / "questions" / "mine.py").write_text(
        '"""Does it remember?"""\n'
        "from holdfast.comparison.results.verdicts import Verdict\n"
        "from tests.comparison.test_verb import SMALL\n"
        "def grids():\n    return (SMALL,)\n"
        "def verdicts(results):\n"
        "    return (Verdict('it does', {'points': results.done}, 'does not hold', 'nothing was learned'),)\n"
    )
    monkeypatch.setenv("HOLDFAST_PLUGINS", str(tmp_path))
    assert main(["compare", "--study", "mine", "--store", str(stored), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["question"], document["verdicts"][0]["figures"]) == ("Does it remember?", {"points": 8})
