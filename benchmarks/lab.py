"""The laboratory in headless Chromium: how fast it trains and draws, and that it trains what holdfast trains.

live        The demonstration (LSTM, 20 units, an update per sequence) in the page's worker, from 'begin' until every
            step is right, of one network; and the control without memory for as many epochs. Limit: 3 s, the control
            fails.
many        64 initialisations, 250 epochs, an update per step and per sequence, in the page. Limit: 10 s together.
same        The same 64 first weights trained by 'holdfast demo' and in the page, for both update rules: in how many
            networks the success agrees, and the largest relative difference of a loss. Required: all 64.
recall      x_1 after 10 steps, GRU of 8 units, 16 networks, batches of 32, in the page's worker: how many have solved
            the task within a minute (largest error below 0.05 on 64 and then on 2560 new rows). Required: most.
opened      The page in a file: its bytes with all cells (limit: 1.5 MB), and milliseconds from its opening until it is
            ready (limit: 500).
frames      Frames in a second while the time slider is dragged, 200 steps of 32 units, at rest and while 16 networks
            are trained. Limit: 55.

Times are medians of rounds, with all rounds shown.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from holdfast.laboratory import page as laboratory
from holdfast.laboratory.javascript import engine_script

PARTS = ("live", "many", "same", "recall", "opened", "frames")
WORK = """async ([script, settings, until, most]) => {
  const worker = new Worker(URL.createObjectURL(new Blob([script, "ENGINE.work();"])));
  const began = performance.now();
  const last = await new Promise((resolve) => {
    worker.onmessage = ({ data }) => {
      if (data.told === "problem") return resolve(data);
      if (data.told !== "progress") return;
      const seconds = (performance.now() - began) / 1000;
      if (seconds > most || new Function("data", `return ${until}`)(data)) resolve({ ...data, seconds });
    };
    worker.postMessage({ act: "begin", id: 1, settings });
    worker.postMessage({ act: "play", id: 1 });
  });
  worker.terminate();
  return { ...last, solved: Array.from(last.solved), loss: Array.from(last.loss), weights: null, gradient: null };
}"""
LIVE = {"cell": "lstm", "units": 20, "update": "sequence"}
RECALL = {
    "task": "recall",
    "steps": 10,
    "cell": "gru",
    "units": 8,
    "networks": 16,
    "update": "batch",
    "learning_rate": 0.01,
    "initialisation": "auto",
}
FRAMES = """() => {
  const mine = (window.frames_at = []);
  const tick = (now) => {
    mine.push(now);
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}"""
MOVES = 120
"""Of the slider."""
TRAIN = """([script, settings, weights, epochs]) => {
  const ENGINE = new Function(script + "; return ENGINE;")();
  const began = performance.now();
  const trainer = ENGINE.makeTrainer(settings, weights);
  for (let n = 0; n < epochs; n++) trainer.epoch();
  const state = trainer.state();
  const seconds = (performance.now() - began) / 1000;
  return { seconds, rate: state.rate, solved: Array.from(state.solved), loss: Array.from(state.loss) };
}"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure (default: all)")
    options.add_argument("--rounds", type=int, default=5, help="rounds of 'live' and 'many' (default: 5)")
    options.add_argument("--json", type=Path, help="write the figures to this file")
    asked = options.parse_args()
    found: dict[str, Any] = {}
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--headless", "--no-sandbox"])
        page = browser.new_page()
        for part in asked.parts:
            found[part] = MEASURES[part](page, asked.rounds)
            print(f"{part}: {json.dumps(found[part])}", flush=True)
        browser.close()
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def live(page: Any, rounds: int) -> dict[str, Any]:
    done = [
        page.evaluate(WORK, [engine_script(), {**LIVE, "networks": 1, "seed": seed}, "data.rate.solved === 1", 60])
        for seed in range(rounds)
    ]
    epochs = max(one["epoch"] for one in done)
    control = page.evaluate(
        WORK, [engine_script(), {**LIVE, "networks": 1, "memory": False}, f"data.epoch >= {epochs}", 60]
    )
    seconds = [round(one["seconds"], 3) for one in done]
    return {
        "seconds": statistics.median(seconds),
        "rounds": seconds,
        "epochs": [one["epoch"] for one in done],
        "solved": sum(one["rate"]["solved"] for one in done),
        "control_solved": control["rate"]["solved"],
    }


def many(page: Any, rounds: int) -> dict[str, Any]:
    both = [
        {
            update: page.evaluate(TRAIN, [engine_script(), {"update": update}, None, 250])
            for update in ("step", "sequence")
        }
        for _ in range(rounds)
    ]
    seconds = [round(sum(one["seconds"] for one in each.values()), 2) for each in both]
    rates = {update: one["rate"] for update, one in both[0].items()}
    return {"seconds": statistics.median(seconds), "rounds": seconds, "rates": rates}


def same(page: Any, rounds: int) -> dict[str, Any]:
    from holdfast.demonstration.demonstrate import SEQUENCES
    from holdfast.tasks.echo import Echo
    from holdfast.training.learner import first_networks
    from holdfast.training.loop import train_networks
    from holdfast.training.settings import Settings
    from tests.report.laboratory import document

    found: dict[str, Any] = {}
    for update in ("step", "sequence"):
        settings = Settings(
            Echo(sequences=SEQUENCES),
            cell="lstm",
            units=20,
            initialisation="keras",
            update=update,
            learning_rate=1e-3,
            clip=None,
            budget=500,
            check_every=500,
            seeds=64,
            stop="budget",
        )
        first = [document(network) for network in first_networks(settings, list(range(64)))]
        ours = train_networks(settings).outcomes
        theirs = page.evaluate(TRAIN, [engine_script(), {"update": update}, first, 250])
        agree = sum(int(one.solved) == other for one, other in zip(ours, theirs["solved"], strict=True))
        furthest = max(abs(one.loss - loss) / one.loss for one, loss in zip(ours, theirs["loss"], strict=True))
        found[update] = {
            "agree": agree,
            "of": 64,
            "solved": {"holdfast": sum(one.solved for one in ours), "page": sum(theirs["solved"])},
            "largest_difference_of_a_loss": furthest,
        }
    return found


def recall(page: Any, rounds: int) -> dict[str, Any]:
    began = time.perf_counter()
    found = page.evaluate(WORK, [engine_script(), RECALL, "data.rate.solved === data.rate.of", 60])
    return {
        "solved": found["rate"]["solved"],
        "of": found["rate"]["of"],
        "seconds": round(time.perf_counter() - began, 1),
        "updates": found["updates"],
    }


def opened(page: Any, rounds: int) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        place = _written(Path(folder))
        ready = []
        for _ in range(rounds):
            page.goto(place.as_uri())
            page.wait_for_selector("html[data-ready]")
            ready.append(int(page.get_attribute("html", "data-ready")))
        return {"bytes": place.stat().st_size, "milliseconds": statistics.median(ready), "rounds": ready}


def frames(page: Any, rounds: int) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(f"{_written(Path(folder)).as_uri()}#units=32&networks=16")
        page.wait_for_selector("html[data-ready]")
        page.select_option("#length", "200")
        found = {"at rest": _dragged(page)}
        page.click("#train")
        return {**found, "while training": _dragged(page)}


def _dragged(page: Any) -> float:
    """Frames in a second while the slider is moved over its whole length."""
    page.evaluate(FRAMES)
    slider = page.locator("#time").bounding_box()
    middle = slider["y"] + slider["height"] / 2
    page.mouse.move(slider["x"] + 5, middle)
    page.mouse.down()
    for n in range(MOVES):
        page.mouse.move(slider["x"] + 5 + n * (slider["width"] - 10) / MOVES, middle)
        page.wait_for_timeout(10)
    page.mouse.up()
    times = page.evaluate("window.frames_at")
    return round(1000 * (len(times) - 1) / (times[-1] - times[0]), 1)


def _written(folder: Path) -> Path:
    place = folder / "lab.html"
    place.write_text(laboratory.render(), encoding="utf-8")
    return place


MEASURES = {"live": live, "many": many, "same": same, "recall": recall, "opened": opened, "frames": frames}


if __name__ == "__main__":
    main()
