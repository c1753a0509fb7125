"""The command as a user meets it: exit codes, words, one JSON document, the folder it leaves behind."""

import json
from pathlib import Path

import pytest

from holdfast.cli._main import main

QUICK = ["train", "echo", "--sequences", "a,b", "b,a", "--units", "4", "--seeds", "2", "--budget", "2000"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys):
    def run(*words):
        code = main(list(words))
        out, err = capsys.readouterr()
        return code, out, err

    return run


def document(out):
    return json.loads(out)


def test_help_names_every_verb(run):
    code, out, _ = run("--help")
    assert code == 0
    for verb in ("demo", "train", "test", "list", "show", "doctor"):
        assert f"  {verb}" in out


@pytest.mark.parametrize("verb", ["demo", "train", "test", "list", "show", "doctor"])
def test_every_verb_has_help_with_an_example(verb, capsys):
    with pytest.raises(SystemExit) as left:
        main([verb, "--help"])
    assert left.value.code == 0
    assert f"  holdfast {verb}" in capsys.readouterr().out


def test_list_names_cells_and_tasks(run):
    code, out, _ = run("list", "--json")
    found = document(out)
    assert code == 0
    assert {"elman", "feedforward", "gru", "lstm"} <= {c["name"] for c in found["cells"]}
    assert {"adding", "copy", "echo", "recall"} <= {t["name"] for t in found["tasks"]}
    assert found["runs"] == []


def test_show_prints_the_equation_from_the_step(run):
    code, out, _ = run("show", "lstm")
    assert code == 0
    assert "  c' = f * c + i * g\n  h' = o * tanh(c')\n" in out
    assert "  f = sigmoid(W_f x + U_f h + b_f)\n" in out


def test_show_counts_the_numbers_and_bits_of_the_state_that_is_declared(run):
    # Beck et al. 2024: of every head a matrix [value, key], a normaliser [key] and a stabiliser.
    _, out, _ = run("show", "mlstm")
    assert "states: C (head, value, key), n (head, key), m (head)\n" in out
    sizes = document(run("show", "mlstm", "--json")[1])["parameters"]
    assert [size["heads"] for size in sizes] == [1, 1, 1, 4]
    for size in sizes:
        heads, each = size["heads"], size["units"] // size["heads"]
        assert size["state_numbers"] == heads * (each * each + each + 1)
        assert size["state_bits"] == 32 * size["state_numbers"]
    assert "heads" not in document(run("show", "lstm", "--json")[1])["parameters"][0]


def test_show_draws_a_row_and_the_axes_of_a_task(run):
    _, out, _ = run("show", "recall")
    assert "--position      1        position of the number to give, from 1" in out
    assert "chance level (best guess from the current input alone): error rms 0.5774" in out


def test_show_json_is_one_document(run):
    for name in ("gru", "adding"):
        assert document(run("show", name, "--json")[1])["name"] == name


def test_train_leaves_a_run_that_is_listed_shown_tested_and_resumed(run):
    code, out, err = run(*QUICK, "--json")
    done = document(out)
    assert code == 0, err
    assert (done["task"], done["cell"], done["solved"], done["of"]) == ("echo", "lstm", 2, 2)
    assert done["interval"][0] == pytest.approx(0.342380227)
    assert [s["verdict"] for s in done["seeds"]] == ["solved", "solved"]
    assert done["run"] == "runs/echo-lstm-4-001"
    assert all(Path(path).is_file() for path in done["weights"])

    assert "solved 2 of 2" in run("list", "runs")[1]
    assert "Solved: 2 of 2" in run("show", done["run"])[1]
    code, out, _ = run("test", done["weights"][0], "--json")
    judged = document(out)
    assert code == 0
    assert judged["lengths"][0]["accuracy"] == 1.0
    assert judged["lengths"][0]["error_sup"] is None
    code, out, _ = run("train", "--resume", done["run"], "--json")
    assert code == 0
    assert document(out)["seeds"] == done["seeds"]


def test_a_second_run_gets_the_next_folder(run):
    for number in ("001", "002"):
        assert document(run(*QUICK, "--json")[1])["run"].endswith(number)


def test_an_unsolved_task_is_an_honest_no(run):
    code, out, _ = run("train", "recall", "--steps", "3", "--units", "1", "--seeds", "1", "--budget", "64")
    assert code == 1
    assert "Solved: 0 of 1 (0 %, 95 % interval 0-79 %)" in out


def test_length_generalisation_has_a_line_per_length(run):
    weights = document(
        run("train", "recall", "--steps", "3", "--units", "2", "--seeds", "1", "--budget", "64", "--json")[1]
    )["weights"][0]
    code, out, _ = run("test", weights, "--lengths", "2,3,5", "--sequences-per-length", "50", "--json")
    lines = document(out)["lengths"]
    assert code == 1
    assert [line["steps"] for line in lines] == [2, 3, 5]
    assert all(line["sequences"] == 50 and line["accuracy"] is None and line["error_sup"] > 0 for line in lines)


DEMO = ["demo", "--initialisations", "4", "--units", "10"]


def test_demo_prints_what_each_network_predicts_and_why(run):
    code, out, _ = run(*DEMO, "--learning-rate", "0.01")
    assert code == 0
    assert "2 → 4 (4)" in out
    assert "feedforward: 7 of 8 transitions are right; wrong: 2 → " in out
    assert "after '2' comes '3' or '4'" in out
    assert "no gradient flows through time" in out


def test_demo_json_keeps_the_users_symbols(run):
    code, out, _ = run(*DEMO, "--epochs", "3", "--sequences", "to,be,or", "do,be,so", "--json")
    shown = document(out)
    assert code == 1
    assert [n["cell"] for n in shown["networks"]] == ["lstm", "feedforward"]
    assert shown["networks"][0]["sequences"][1]["expected"] == ["be", "so"]
    assert {p for n in shown["networks"] for s in n["sequences"] for p in s["predicted"]} <= {
        "to",
        "be",
        "or",
        "do",
        "so",
    }
    assert [(r["update"], r["epochs"], r["of"]) for r in shown["success_rates"]] == [("step", 3, 4), ("sequence", 3, 4)]
    assert all(lo <= r["solved"] / r["of"] <= hi for r in shown["success_rates"] for lo, hi in [r["interval"]])


def test_a_symbol_with_markup_in_it_is_text(run):
    _, out, _ = run("demo", "--initialisations", "0", "--epochs", "1", "--sequences", "[red],<b>", "<b>,[red]")
    assert "[red] → " in out
