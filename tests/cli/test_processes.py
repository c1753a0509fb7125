"""The command as a process of its own: what it imports, Ctrl-C, a kill, and a pipe that closes early."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from safetensors.numpy import load_file

HOLDFAST = [sys.executable, "-m", "holdfast"]
LONG = [
    "train",
    "recall",
    "--steps",
    "40",
    "--units",
    "8",
    "--seeds",
    "2",
    "--budget",
    "25600",
    "--check-every",
    "6400",
]


@pytest.mark.parametrize("words", [["--help"], ["list"], ["list", "cells", "--json"], ["--version"]])
def test_help_and_list_import_neither_jax_nor_numpy(words, tmp_path):
    probe = (
        "import sys; from holdfast.cli._main import main; main(sys.argv[1:]);"
        "bad = {'jax', 'numpy', 'optax', 'rich'} & set(sys.modules); sys.exit(f'imported {bad}' if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", probe, *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def wait_for(condition, process, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "it ended too early"
        assert time.monotonic() < end, "it did not get there"
        time.sleep(0.02)


def start(words, folder, **environment):
    return subprocess.Popen(
        words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_done_and_resume_gives_the_same_weights(tmp_path):
    whole = start([*HOLDFAST, *LONG, "--out", "whole", "--json"], tmp_path)
    cut = start([*HOLDFAST, *LONG, "--out", "cut", "--json"], tmp_path)
    wait_for((tmp_path / "cut" / "settings.json").exists, cut)
    time.sleep(1.5)
    cut.send_signal(signal.SIGINT)
    out, err = cut.communicate(timeout=120)
    assert cut.returncode == 130, err
    assert json.loads(out)["interrupted"]
    assert "Traceback" not in err
    whole_out, err = whole.communicate(timeout=300)
    assert whole.returncode in (0, 1), err
    again = start([*HOLDFAST, "train", "--resume", "cut", "--json"], tmp_path)
    out, err = again.communicate(timeout=300)
    assert again.returncode == whole.returncode, err
    assert json.loads(out)["seeds"] == json.loads(whole_out)["seeds"]
    same_weights(tmp_path)


DRIVER = """
import sys
from pathlib import Path
from holdfast.training import block, loop, run
from holdfast.training.settings import Settings
from holdfast.tasks.recall import Recall
block.PIECE_SECONDS, run.CHECKPOINT_SECONDS = 0.02, 0.0
loop.train_networks(Settings(Recall(steps=40), "gru", 8, budget=6400, check_every=3200, seeds=2), out=Path(sys.argv[1]))
"""


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_weights(tmp_path):
    whole = start([sys.executable, "-c", DRIVER, "whole"], tmp_path)
    cut = start([sys.executable, "-c", DRIVER, "cut"], tmp_path)
    wait_for(lambda: any((tmp_path / "cut" / "blocks").glob("0*")), cut)
    cut.kill()
    cut.communicate()
    assert not (tmp_path / "cut" / "result.json").exists()
    _, err = whole.communicate(timeout=300)
    assert whole.returncode == 0, err
    again = start([sys.executable, "-c", DRIVER, "cut"], tmp_path)
    _, err = again.communicate(timeout=300)
    assert again.returncode == 0, err
    same_weights(tmp_path)


def same_weights(folder):
    for number in (0, 1):
        name = f"weights/seed-{number}.safetensors"
        cut, whole = (load_file(folder / run / name) for run in ("cut", "whole"))
        assert cut.keys() == whole.keys()
        assert all(np.array_equal(cut[tensor], whole[tensor]) for tensor in whole)


def test_a_pipe_that_closes_early_is_no_error(tmp_path):
    done = subprocess.run(f"{sys.executable} -m holdfast list | head -1", shell=True, cwd=tmp_path, capture_output=True)
    assert done.stdout == b"cells:\n"
    assert b"Traceback" not in done.stderr
