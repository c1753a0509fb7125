"""What ``holdfast show`` says of studies and of network files, without JAX."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from holdfast.cli._main import main
from holdfast.core.errors import BadFile
from holdfast.core.tensors import as_bytes
from holdfast.studies import kept
from holdfast.studies.folders import KINDS
from holdfast.studies.show_network import gate_weights, network, written
from holdfast.studies.show_study import study

METADATA = {"format": "holdfast-network-1", "cell": "gru", "inputs": "2", "units": "3", "outputs": "1", "layers": "1"}


def stored(path, arrays, **metadata):
    path.write_bytes(as_bytes(arrays, {**METADATA, "origin": "{}", **metadata}))
    return path


def sparse():
    """update 2 = -1.5 + 2 x1 - h3, candidate 1 = 0.5 in the recurrent sum; the read-out is h2."""
    zeros = {
        f"layer0.{gate}.{name}": np.zeros(shape, np.float32)
        for gate in ("update", "candidate")
        for name, shape in {"from_x": (2, 3), "from_h": (3, 3), "bias": 3, "bias_h": 3}.items()
    }
    zeros |= {"readout.matrix": np.zeros((3, 1), np.float32), "readout.bias": np.zeros(1, np.float32)}
    zeros["layer0.update.bias"][1] = -1.5
    zeros["layer0.update.from_x"][0, 1] = 2
    zeros["layer0.update.from_h"][2, 1] = -1
    zeros["layer0.candidate.bias_h"][0] = 0.5
    zeros["readout.matrix"][1, 0] = 1
    return zeros


def test_weights_that_are_not_zero_are_formulas(tmp_path):
    described = network(stored(tmp_path / "net.safetensors", sparse()))
    document, parts = described.as_json(), described.parts()
    assert [(one["part"], one["reads"], one["formula"]) for one in document["formulas"]] == [
        ("layer 1", "candidate 1", "0.5 (bias with h)"),
        ("layer 1", "update 2", "−1.5 + 2·x1 − h3"),
        ("readout", "output 1", "h2"),
    ]
    assert (document["weights"], document["nonzero_weights"], document["dtype"]) == (46, 5, "F32")
    assert not any("size of the weights" in part.title for part in parts)


def test_many_weights_are_a_map_of_their_sizes(tmp_path):
    arrays = {name: np.full_like(array, 2.0) for name, array in sparse().items()}
    arrays["layer0.update.from_h"][:, 1] = [3, 0, 0]
    described = network(stored(tmp_path / "net.safetensors", arrays))
    document, parts = described.as_json(), described.parts()
    assert document["formulas"] is None
    drawn = next(part for part in parts if part.title.startswith("layer 1"))
    row = drawn.values[drawn.rows.index("update from h")]
    assert row == pytest.approx((2.0, 3.0 / np.sqrt(3.0), 2.0))


def test_a_formula_is_the_sum_that_the_network_applies_its_gate_to(tmp_path):
    """Against the arrays themselves: what is written is read back and evaluated."""
    arrays = sparse()
    x, h = np.array([0.3, -0.7]), np.array([0.1, 0.2, -0.4])
    values = {f"x{n + 1}": v for n, v in enumerate(x)} | {f"h{n + 1}": v for n, v in enumerate(h)}
    for part, name, formula in written(gate_weights(arrays, "x")):
        gate, unit = name.split()
        if part == "readout" or "bias with" in formula:
            continue
        place = f"layer0.{gate}."
        exact = x @ arrays[place + "from_x"] + h @ arrays[place + "from_h"] + arrays[place + "bias"]
        said = eval(formula.replace("−", "-").replace("·", "*"), {}, values)
        assert said == pytest.approx(exact[int(unit) - 1], rel=1e-6)


def test_task_and_origin_are_told(tmp_path, capsys):
    settings = {"task": {"name": "echo", "lag": 10}, "cell": "gru", "optimiser": "adam", "seed": 3}
    origin = {"made_by": "train", "network": 1, "settings": settings}
    path = stored(tmp_path / "net.safetensors", sparse(), origin=json.dumps(origin))
    assert main(["show", str(path)]) == 0
    out = capsys.readouterr().out
    assert "task: echo (lag 10)\n" in out
    assert "origin: trained by 'train', network 1: optimiser adam, seed 3\n" in out
    path = stored(tmp_path / "bare.safetensors", sparse())
    assert main(["show", str(path)]) == 0
    assert "task: not recorded\norigin: not recorded\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arrays", "metadata", "message"),
    [
        ({}, {"format": "pt"}, "not a network of holdfast"),
        ({"layer0.x": np.zeros(1, np.float32)}, {}, "has a tensor 'layer0.x', which no network has"),
    ],
)
def test_what_is_no_network_is_told(arrays, metadata, message, tmp_path):
    with pytest.raises(BadFile, match=message):
        network(stored(tmp_path / "net.safetensors", arrays, **metadata))


@pytest.mark.parametrize("name", KINDS["studies"].names())
def test_a_study_has_its_kept_verdicts_and_figures(name, capsys):
    assert main(["show", name, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    stored = json.loads((kept.FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert document["verdicts"] == stored["verdicts"]
    assert document["networks"] == stored["of"]
    assert main(["show", name]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert f"Of {len(stored['verdicts'])} claims:" in out


def test_a_study_without_a_run_says_how_to_run_it(tmp_path):
    described = study(KINDS["studies"], "lag", tmp_path)
    assert described.as_json()["verdicts"] is None
    assert "holdfast compare --study lag" in described.parts()[-1].text


def test_a_study_is_shown_without_jax(tmp_path):
    program = (
        "import sys; from holdfast.cli._main import main; code = main(['show', 'lag']);"
        "assert not {'jax', 'numpy'} & sys.modules.keys(); sys.exit(code)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, cwd=tmp_path)


def test_a_network_is_shown_without_jax(tmp_path):
    path = stored(tmp_path / "net.safetensors", sparse())
    program = (
        f"import sys; from holdfast.cli._main import main; code = main(['show', {str(path)!r}]);"
        "assert 'jax' not in sys.modules; sys.exit(code)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, cwd=tmp_path)


@pytest.mark.parametrize("name", ["gru", "recall"])
def test_what_the_package_defines_is_shown_without_jax_from_the_second_time_on(name, tmp_path, monkeypatch):
    monkeypatch.setenv("HOLDFAST_CACHE", str(tmp_path))
    program = (
        "import sys; from holdfast.cli._main import main; code = main(sys.argv[1:]);"
        "sys.stdout.flush(); sys.stderr.write(str('jax' in sys.modules)); sys.exit(code)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program, "show", name, *form], capture_output=True, check=True)
        for form in ([], [], ["--json"])
    ]
    assert [run.stderr for run in runs] == [b"True", b"False", b"False"]
    assert runs[0].stdout == runs[1].stdout
    assert json.loads(runs[2].stdout)["name"] == name
    (kept_file,) = (tmp_path / "descriptions").iterdir()
    kept_file.write_bytes(b"damaged")
    assert subprocess.run([sys.executable, "-c", program, "show", name], capture_output=True).stdout == runs[0].stdout
