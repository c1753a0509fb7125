"""How long commands take at the prompt, from start to end, the second time on.

The commands of the table below as whole processes, in interleaved rounds after one round that is not counted, which
fills the cache on disk. Beside them, on the same machine in the same minutes: a process that imports JAX and does
nothing, and where PyTorch is installed, one that imports it, and one that trains the network of the demonstration.

Floors: seconds on a quiet machine, as stated in FLOORS. With --processor, seconds of processor time instead, which
other work on the machine changes less.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from side_by_side import CONTESTANTS, Line, holdfast, interleave, missing, parser, report, whole

FLOORS = {
    "demo --initialisations 1": 1.3,
    "construct recall --steps 1000 --out made.safetensors": 1.0,
    "certify made.safetensors": 1.0,
    "test made.safetensors --task recall --steps 1000": 1.0,
    "explain trained.safetensors --task recall --steps 50": 4.0,
    "explain trained.safetensors --task recall --steps 1000": 8.0,
}
TRAINED = "train recall --steps 50 --cell lstm --units 32 --seeds 1 --budget 2000 --out run"


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default: 5)")
    options.add_argument("--processor", action="store_true", help="seconds of processor time, not of the clock")
    asked = options.parse_args()
    torch = not missing(("torch",))
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its byte code on disk
    with tempfile.TemporaryDirectory() as folder:
        place, cache = Path(folder), str(Path(folder) / "cache")
        words = {
            command: [str(place / word) if word.endswith(".safetensors") else word for word in command.split()]
            for command in FLOORS
        }
        *train, _ = TRAINED.split()
        whole(holdfast(*train, str(place / "run")), HOLDFAST_CACHE=cache)
        (place / "run" / "weights" / "seed-0.safetensors").rename(place / "trained.safetensors")
        lines = {f"holdfast {name}": holdfast(*given) for name, given in words.items()}
        lines["import jax"] = [sys.executable, "-c", "import jax"]
        if torch:
            lines["import torch"] = [sys.executable, "-c", "import torch"]
            lines["PyTorch, the network of the demonstration"] = [
                sys.executable,
                str(CONTESTANTS / "torch_step.py"),
                "--whole",
            ]
        works = {name: lambda line=line: whole(line, HOLDFAST_CACHE=cache) for name, line in lines.items()}
        for work in works.values():
            work()
        answers = interleave(works, asked.rounds)
    key = "processor_seconds" if asked.processor else "seconds"
    report([_line(name, tuple(answer[key] for answer in given)) for name, given in answers.items()], asked.json)


def _line(name: str, seconds: tuple[float, ...]) -> Line:
    floor = FLOORS.get(name.removeprefix("holdfast "))
    line = Line("start to end", name, seconds, "s", floor=f"<= {floor:g} s" if floor else "")
    return Line("start to end", name, seconds, "s", floor=line.floor, met=line.median <= floor if floor else None)


if __name__ == "__main__":
    main()
