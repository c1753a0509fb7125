"""How long the commands that only tell something take, from start to end.

'holdfast --help' and 'holdfast list', as whole processes: 10 runs of each, interleaved, after one that is not
counted. Both answer without importing JAX.

Floor: a median below 0.3 s.
"""

from __future__ import annotations

from side_by_side import Line, holdfast, interleave, parser, report, whole

FLOOR_SECONDS = 0.3


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=10, help="interleaved rounds (default: 10)")
    asked = options.parse_args()
    commands = {"--help": holdfast("--help"), "list": holdfast("list")}
    for command in commands.values():
        whole(command)  # byte code is compiled, files are in memory
    works = {name: lambda command=command: whole(command) for name, command in commands.items()}
    answers = interleave(works, asked.rounds)
    lines = []
    for name, given in answers.items():
        seconds = tuple(answer["seconds"] for answer in given)
        line = Line("start to end", f"holdfast {name}", seconds, "s", floor=f"< {FLOOR_SECONDS:g} s")
        met = line.median < FLOOR_SECONDS
        lines.append(Line(line.what, line.who, seconds, "s", floor=line.floor, met=met))
    report(lines, asked.json)


if __name__ == "__main__":
    main()
