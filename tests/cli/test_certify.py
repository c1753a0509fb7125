"""certify, check and refute as a user meets them: words, one JSON document, exit codes, the file left behind."""

import json
import math
from pathlib import Path

import pytest

from holdfast.cli._main import main
from holdfast.engine.files import save
from holdfast.engine.network import create
from tests.certification import latches

NET = "net.safetensors"
TWENTY = ["--task", "recall", "--steps", "20"]


@pytest.fixture(autouse=True)
def network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = latches.designed(1e-2, 20, dtype="float32")
    axes = {"steps": 20, "range": [-1.0, 1.0]}
    save(made, NET, {"constructed": {"task": "recall", "axes": axes, "claim": {"steps": 20}}})
    save(made, "bare.safetensors")
    save(
        latches.exact("float32"),
        "exact.safetensors",
        {"constructed": {"task": "recall", "axes": {}, "claim": {"steps": "any"}}},
    )


@pytest.fixture
def run(capsys):
    def run(*words):
        code = main(list(words))
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_a_proof_is_written_and_accepted(run):
    code, out, _ = run("certify", NET, "--json")
    told = json.loads(out)
    assert code == 0
    assert {"verdict", "error", "lengths", "steps", "range", "semantics", "certificate"} <= set(told)
    assert told["lengths"] == "exactly"
    assert (told["verdict"], told["steps"], told["range"], told["semantics"]) == ("proved", 20, [-1.0, 1.0], "real")
    assert told["error"] < 1e-2
    assert told["certificate"] == "net.certificate.json"
    code, out, _ = run("check", told["certificate"], NET, "--json")
    assert code == 0
    assert set(json.loads(out)) == {"accepted", "reason", "claim"}
    assert json.loads(out)["accepted"]


def test_what_is_printed_is_short_and_says_what_was_proved(run):
    code, out, _ = run("certify", "bare.safetensors", *TWENTY, "--out", "proof.json", "--tolerance", "0.01")
    assert code == 0
    assert out.startswith("proved: error at most 0.0070")
    assert "exact real arithmetic" in out
    assert "certificate: proof.json" in out
    assert len(out.splitlines()) <= 6
    assert run("check", "proof.json", "bare.safetensors")[1].startswith("accepted: found again")


def test_the_files_own_claim_is_what_is_proved_by_default(run):
    code, out, _ = run("certify", "exact.safetensors", "--semantics", "ieee", "--json")
    assert code == 0
    assert json.loads(out)["steps"] == "any"
    assert json.loads(out)["exact_above"] == 2.0**-112


def test_a_bound_that_does_not_hold_is_refuted(run):
    code, out, _ = run("certify", NET, "--tolerance", "1e-5", "--json")
    told = json.loads(out)
    assert code == 1
    assert told["verdict"] == "refuted"
    assert told["certificate"] is None
    assert told["counterexample"]["error"] > 1e-5
    assert not Path("net.certificate.json").exists()


def test_what_is_asked_of_a_certificate_is_compared_with_its_claim(run):
    run("certify", NET, "--up-to", "20")
    about = ["check", "net.certificate.json", NET]
    assert run(*about, "--steps", "20", "--tolerance", "0.01", "--range", "-0.5", "1")[0] == 0
    assert run(*about, "--up-to", "15")[0] == 0
    for asked in (["--steps", "21"], ["--steps", "any"], ["--range", "-2", "1"], ["--tolerance", "1e-3"],
                  ["--task", "bits"], ["--position", "2"]):  # fmt: skip
        code, out, _ = run(*about, *asked)
        assert (code, out[:12]) == (1, "not accepted"), asked


def test_the_lengths_that_are_meant_are_said(run):
    assert "every row of recall of exactly 20 steps" in run("certify", NET)[1]
    assert "every row of recall of up to 20 steps" in run("certify", NET, "--up-to", "20")[1]
    assert json.loads(run("certify", NET, "--up-to", "20", "--json")[1])["lengths"] == "up to"
    assert "every row of recall of every length" in run("certify", "exact.safetensors", "--semantics", "ieee")[1]


def test_other_weights_are_not_accepted(run):
    run("certify", NET)
    code, out, _ = run("check", "net.certificate.json", "exact.safetensors")
    assert code == 1
    assert out.startswith("not accepted: it is for other weights")


def test_a_sequence_is_found_or_it_is_said_that_none_proves_nothing(run):
    code, out, _ = run("refute", NET, "--tolerance", "1e-3", "--json")
    told = json.loads(out)
    assert code == 1
    assert set(told) == {"found", "inputs", "output", "expected", "error", "tries", "by_gradient"}
    assert told["found"]
    assert told["error"] == pytest.approx(abs(told["output"][0] - told["expected"][0]))
    code, out, _ = run("refute", NET, "--tolerance", "1e-2", "--tries", "500")
    assert code == 0
    assert "none found in 512 tries, which proves nothing" in out


def test_on_all_real_numbers_a_sequence_is_always_found(run):
    code, out, _ = run("refute", NET, "--range", "-inf", "inf", "--json")
    assert code == 1
    assert abs(json.loads(out)["inputs"][0][0]) > 40


def test_double_precision_is_switched_on_by_the_file(tmp_path, float64):
    import subprocess
    import sys

    save(latches.designed(1e-2, 20), "double.safetensors")
    words = ["certify", "double.safetensors", *TWENTY, "--json"]
    ran = subprocess.run([sys.executable, "-m", "holdfast", *words], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(Path("double.certificate.json").read_text())["claim"]["dtype"] == "float64"


def test_an_interrupt_is_told_with_its_own_code(run, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("holdfast.certification.search.run", interrupted)
    code, out, _ = run("certify", NET)
    assert code == 130
    assert "interrupted" in out


MISTAKES = [
    (["certify", NET, "--tolerance", "0"], "--tolerance is 0, expected a positive number"),
    (["certify", NET, "--tolerance", "-1"], "--tolerance is -1"),
    (["certify", NET, "--tolerance", "1e39"], "--tolerance is 1e+39"),
    (["certify", NET, "--range", "1", "-1"], "is empty, expected the smaller number first"),
    (["certify", NET, "--range", "nan", "1"], "is 'nan', expected a number"),
    (["certify", NET, "--range", "-inf", "inf"], "is unbounded"),
    (["certify", NET, "--position", "21"], "position 21 is past the end of a sequence of 20 steps"),
    (["certify", NET, "--steps", "some"], "--steps is 'some', expected a whole number"),
    (["certify", NET, "--seconds", "0"], "--seconds is 0"),
    (["certify", NET, "--semantics", "half"], "--semantics is 'half', expected one of real, ieee"),
    (["certify", NET, "--task", "adding"], "the network has 1 inputs and 1 outputs, but adding"),
    (["certify", NET, "--lag", "3"], "named '--lag'"),
    (["certify", "bare.safetensors"], "does not record its task"),
    (["certify", "nothing.safetensors", "--task", "recall"], "there is no file nothing.safetensors"),
    (["refute", NET, "--tries", "0"], "--tries is 0"),
    (["refute", NET, "--range", "inf", "-inf"], "is empty"),
    (["refute", NET, "--tolerance", "0"], "--tolerance is 0"),
    (["certify", NET, "--up-to", "5", "--steps", "5"], "both set the length"),
    (["certify", NET, "--up-to", "0"], "--steps is 0"),
    (["check", NET, NET], "cannot be read as JSON"),
    (["check", "nothing.json", NET], "there is no file nothing.json"),
]


@pytest.mark.parametrize(("words", "message"), MISTAKES, ids=lambda value: None)
def test_a_mistake_is_one_message_and_exit_code_two(words, message, run):
    code, out, err = run(*words)
    assert code == 2
    assert message in err
    assert out == ""


def test_a_weight_that_is_no_number_is_told(run):
    network = create("lstm", 1, 2, 1)
    readout = network.readout.put("y", bias=math.nan)
    from dataclasses import replace

    save(replace(network, readout=readout), "nan.safetensors")
    code, _, err = run("certify", "nan.safetensors", "--task", "recall")
    assert code == 2
    assert "is NaN or infinite" in err
