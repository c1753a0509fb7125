"""The two-sequence demonstration, side by side with Keras and PyTorch on this machine.

Everybody does the same work: sequences 3,0,1,2,3 and 4,0,1,2,4, an LSTM of 20 units, five sigmoid outputs, binary
cross-entropy, Adam, an update after every step with the state carried on and reset after each sequence, 250 epochs,
which is 2000 updates.

training   One network, the updates alone: compilation, imports and first weights are outside the clock, for all.
           Floors: at least 500 times as fast as Keras by train_on_batch, 100 times as fast as PyTorch.
           (Keras's fit, which the tutorial calls after every step, is slower by far; it is measured in 'command'.)
command    Whole processes from start to end, the second time on: 'holdfast demo --cell lstm --initialisations 0
           --update step --epochs 250' with its compiled programs on disk (it trains a control without memory as
           well, and draws), a Keras process with the tutorial's fit loop (minutes, hence one round unless more are
           asked for), and a PyTorch process with its loop.
           Floors: at least 8 times as fast as Keras, not slower than PyTorch.
many       holdfast against itself: 'train' for 256 networks, and 'train' for one network, both called again in
           a process that has compiled for them already. What is told is seconds per network: of the 256, a 256th
           of their time; of the one, the mean over 16 calls, which stands for 256 such calls.
           Floor: at least 2 times as fast per network.

Times are medians of interleaved rounds; a ratio is the contestant's median over holdfast's.
"""

from __future__ import annotations

import statistics
import sys
import tempfile

from side_by_side import CONTESTANTS, Contestant, Line, holdfast, interleave, missing, parser, report, whole

PARTS = ("training", "command", "many")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure (default: all)")
    options.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default: 5)")
    options.add_argument(
        "--keras-rounds", type=int, default=1, help="rounds of Keras's whole process, 0: none (default: 1)"
    )
    options.add_argument("--epochs", type=int, default=250, help="epochs of everybody's training (default: 250)")
    asked = options.parse_args()
    absent = missing(("keras", "tensorflow", "torch"))
    keras, torch = not {"keras", "tensorflow"} & set(absent), "torch" not in absent
    lines: list[Line] = []
    if "training" in asked.parts:
        lines += training(asked.rounds, asked.epochs, keras, torch)
    if "command" in asked.parts:
        lines += command(asked.rounds, min(asked.keras_rounds, asked.rounds), asked.epochs, keras, torch)
    if "many" in asked.parts:
        lines += many(asked.rounds, asked.epochs)
    report(lines, asked.json, epochs=asked.epochs)


def training(rounds: int, epochs: int, keras: bool, torch: bool) -> list[Line]:
    what, length = f"training, {8 * epochs} updates", ("--epochs", str(epochs))
    names = {"holdfast": ("holdfast_step.py", 0.0)}
    names |= {"Keras, train_on_batch": ("keras_step.py", 500.0)} if keras else {}
    names |= {"PyTorch": ("torch_step.py", 100.0)} if torch else {}
    serving = {name: Contestant(script, *length) for name, (script, _) in names.items()}
    answers = interleave({name: c.round for name, c in serving.items()}, rounds)
    versions = {name: c.ready.get("version") for name, c in serving.items()}
    for contestant in serving.values():
        contestant.close()
    floors = {name: floor for name, (_, floor) in names.items()}
    return compared(what, answers, floors, {name: {"version": v} for name, v in versions.items()})


def compared(what: str, answers: dict, floors: dict[str, float], notes: dict[str, dict]) -> list[Line]:
    """A line for everyone: seconds, and the ratio to holdfast's, which comes first."""
    lines: list[Line] = []
    for name, given in answers.items():
        seconds = tuple(answer["seconds"] for answer in given)
        line = Line(what, name, seconds, "s", notes=others(given))
        if lines:
            ratio, floor = line.median / lines[0].median, floors.get(name, 0.0)
            known = {**line.notes, **notes.get(name, {})}
            line = Line(
                what,
                name,
                seconds,
                "s",
                ratio,
                f">= {floor:g} x" if floor else "",
                ratio >= floor if floor else None,
                known,
            )
        lines.append(line)
    return lines


def others(given: list[dict]) -> dict:
    """The medians of what was answered besides seconds: losses, seconds of processors."""
    return {key: statistics.median(answer[key] for answer in given) for key in given[0] if key != "seconds"}


def command(rounds: int, keras_rounds: int, epochs: int, keras: bool, torch: bool) -> list[Line]:
    length = ("--epochs", str(epochs))
    demo = holdfast("demo", "--cell", "lstm", "--initialisations", "0", "--update", "step", *length)
    with tempfile.TemporaryDirectory() as cache:
        ours = {"holdfast demo": lambda: whole(demo, HOLDFAST_CACHE=cache)}
        theirs = [sys.executable, str(CONTESTANTS / "torch_step.py"), "--whole", *length]
        ours |= {"PyTorch, a process": lambda: whole(theirs)} if torch else {}
        for work in ours.values():
            work()  # fills caches: compiled programs, byte code, the files in memory
        answers = interleave(ours, rounds)
        if keras and keras_rounds:
            fit = [sys.executable, str(CONTESTANTS / "keras_step.py"), "--loop", "fit", "--whole", *length]
            answers |= interleave({"Keras, a process": lambda: whole(fit)}, keras_rounds)
    return compared("command, start to end", answers, {"Keras, a process": 8.0, "PyTorch, a process": 1.0}, {})


def many(rounds: int, epochs: int) -> list[Line]:
    length = ("--epochs", str(epochs))
    together = Contestant("holdfast_many.py", "--networks", "256", *length)
    alone = Contestant("holdfast_many.py", "--networks", "1", "--times", "16", *length)
    answers = interleave({"holdfast, 256 at once": together.round, "holdfast, one by one": alone.round}, rounds)
    together.close()
    alone.close()
    return compared("many, per network", answers, {"holdfast, one by one": 2.0}, {})


if __name__ == "__main__":
    main()
