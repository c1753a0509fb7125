"""Whether what is proved is true: every part of the acceptance table, and exit code 1 if one of them fails.

    python benchmarks/soundness.py                          (every part; containment of 100,000 networks: hours)
    python benchmarks/soundness.py --parts containment --networks 2000 --processes 2
    python benchmarks/soundness.py --parts functions --processes 2

containment: random networks of every cell in both semantics, run by an oracle in high precision and by every engine;
every state and output must lie in the set computed for it. functions: sigmoid, tanh, exp and softplus on every float32,
of every engine. attack: random networks certified, then attacked. networks: six of which something untrue was proved.
rules: those of rounding, by exhaustion. trained: how tight bounds are. A violation is printed with what finds it again.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def containment(asked: argparse.Namespace) -> int:
    """Numbers outside their sets."""
    import soundness_containment

    return soundness_containment.check(asked.networks, asked.seed, asked.processes, asked.only, asked.cells)


def functions(asked: argparse.Namespace) -> int:
    """Ways in which functions are worse than assumed."""
    import soundness_functions

    return soundness_functions.check(asked.processes, asked.share)


def attack(asked: argparse.Namespace) -> int:
    """Sequences that err by more than a certificate says."""
    import soundness_attack

    return soundness_attack.check(asked.attack_minutes, asked.seed)


def networks(asked: argparse.Namespace) -> int:
    """Networks of which something untrue was proved, and still is."""
    import soundness_cases

    return soundness_cases.networks()


def rules(asked: argparse.Namespace) -> int:
    """Rules of rounding that do not hold."""
    import soundness_cases

    return soundness_cases.rules()


def trained(asked: argparse.Namespace) -> int:
    """Trained networks whose bounds are too wide."""
    import soundness_cases

    return soundness_cases.trained()


PARTS: dict[str, Callable[[argparse.Namespace], int]] = {
    "networks": networks,
    "rules": rules,
    "trained": trained,
    "containment": containment,
    "functions": functions,
    "attack": attack,
}
"""Each prints its table and gives the number of violations."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="which (default: all)")
    parser.add_argument("--networks", type=int, default=100_000, help="of containment (default: 100000)")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random (default: 0)")
    parser.add_argument("--processes", type=int, default=1, help="side by side (default: 1)")
    parser.add_argument("--only", type=int, help="one bucket of networks alone, as a violation names it")
    parser.add_argument("--cells", nargs="+", default=(), help="of containment: these cells alone (default: all)")
    parser.add_argument("--share", type=int, default=1, help="one n-th of all numbers, of functions (default: 1)")
    parser.add_argument("--attack-minutes", type=float, default=1, help="how long (default: 1)")
    asked = parser.parse_args()
    violations = {}
    for name in asked.parts:
        print(f"== {name}", flush=True)
        violations[name] = PARTS[name](asked)
    print("== violations")
    for name, count in violations.items():
        print(f"{name:<14}{count:>8}")
    return 1 if any(violations.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
