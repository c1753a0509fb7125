"""Generated pages: one for every cell, task and study in the registry, the reference, and parts of other pages.

Nothing here names a cell, a task or a module: a new file in its folder has a page at the next build.
"""

from __future__ import annotations

import doctest
import importlib
import re
import textwrap
from pathlib import Path
from typing import Any

from sphinx.errors import ExtensionError

from holdfast import cells, tasks
from holdfast.core import arrays, values
from holdfast.core.fields import FieldInfo, field_infos
from holdfast.core.registry import Folder
from holdfast.core.results import Table
from holdfast.studies import describe

EMPHASIS = re.compile(r"(?<!\S)\\\*(\w+)\\\*(?!\w)")
"""An escaped *word*: the only markup in our docstrings besides code."""

SHAPES = frozenset(arrays.__all__) - {"Array"}
NO_CLASSES = frozenset(
    {"Leaf", "State", "Tree", "Part", "Thing", "Row", "Semantics", "Definition"}
    | {"_NestedSequence", "_SupportsArray", "_Buffer", "SupportsDType", "number", "bool"}
)
"""Type variables, names of types that are no classes, and inner classes of NumPy and JAX: text in the reference."""
SIZES = ((1, 8), (1, 32), (8, 32), (8, 128))


def write(docs: Path) -> None:
    """Update ``docs/_generated``. Pages that did not change are not written, so that they are not built again."""
    import api  # beside this file, on the path while the documentation is built
    import choosing
    import components
    import diagnosing
    import guarantees
    import holding
    import live
    import remembering
    import rooms
    import study_pages

    wanted = {f"cells/{name}.md": cell_page(name) for name in cells.FOLDER.names()}
    wanted |= {f"tasks/{name}.md": task_page(name) for name in tasks.FOLDER.names()}
    wanted |= {f"reference/{name}": text for name, text in api.files().items()}
    wanted |= {f"which_cell/{name}": text for name, text in choosing.files().items()}
    wanted["components.inc"] = components.table()  # included by index.md
    wanted["rooms.inc"] = rooms.section()  # included by architecture.md, and no page by itself
    wanted["remembering.md"] = remembering.page()
    wanted["holding.md"] = holding.page()
    wanted["diagnostics.md"] = diagnosing.page()
    wanted["guarantees.md"] = guarantees.page()
    wanted |= {f"studies/{name}.md": study_pages.page(name) for name in study_pages.names()}
    live.write(docs)
    folder = docs / "_generated"
    for old in folder.glob("**/*.md"):
        if str(old.relative_to(folder)) not in wanted:
            old.unlink()
    for name, text in wanted.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def cell_page(name: str) -> str:
    """The page of a cell: its description, equation, gates, states, sizes, source and file."""
    document = describe.cell(name).as_json()
    gates = ", ".join(f"`{gate}` (${letter}$)" for gate, letter in document["gates"].items())
    states = ", ".join(f"`{state}`" for state in document["states"])
    cell = cells.get(name)
    sizes = [(f"{inputs}", f"{units}", f"{cell.parameters(inputs, units):,}") for inputs, units in SIZES]
    return "\n".join(
        (
            f"# {name}",
            "",
            prose(_docstring(cells.FOLDER, name)),
            "",
            "## One step",
            "",
            "The equation is generated from the code of the step.",
            "",
            "```{math}",
            r"\begin{aligned}",
            " \\\\\n".join(line.replace(" = ", " &= ", 1) for line in document["latex"]),
            r"\end{aligned}",
            "```",
            "",
            "As text:",
            "",
            "```text",
            *document["equation"],
            "```",
            "",
            f"Gates: {gates}. States carried to the next step: {states or 'none'}.",
            "",
            "## Parameters of one layer",
            "",
            table(("inputs", "units", "parameters"), sizes),
            "",
            "The linear read-out after the last layer adds outputs × (units + 1) parameters.",
            "",
            f"Computed by {escaped(document['engine'])}.",
            "",
            f"Source: {escaped(document['source'])}.",
            "",
            "## The file",
            "",
            "```python",
            _code(cells.FOLDER.files()[name]),
            "```",
            "",
        )
    )


def task_page(name: str) -> str:
    """The page of a task: its description, a sample row, its axes, chance level, criterion and memory demand."""
    description = describe.task(name)
    document, parts = description.as_json(), description.parts()
    kind = tasks.get(name)
    made: Any = kind()
    drawn = next(part for part in parts if isinstance(part, Table))
    chance = ", ".join(f"{m.replace('_', ' ')} {v:.4g}" for m, v in document["chance"].items() if v is not None)
    held, unit = document["memory"]["after_step"], document["memory"]["unit"]
    axes = [
        (f"`{axis.flag}`", f"`{values.text(getattr(made, name))}`", escaped(_meaning(axis)))
        for name, axis in field_infos(kind).items()
    ]
    return "\n".join(
        (
            f"# {name}",
            "",
            prose(_docstring(tasks.FOLDER, name)),
            "",
            f"## {escaped(drawn.title)}",
            "",
            "```text",
            as_text(drawn),
            "```",
            "",
            "## Axes",
            "",
            "Each axis is a flag of the command line and a field of the task in Python.",
            "",
            table(("axis", "default", "meaning"), axes),
            "",
            "## With default axes",
            "",
            table(
                ("", ""),
                [
                    ("shapes, per step", f"{escaped(kind.__doc__ or '')}"),
                    ("chance level", f"{chance} (the best guess from the current input alone)"),
                    ("solved", escaped(document["criterion"])),
                    ("memory demand", f"at most {amount(max(held), unit)}, over {made.lag_steps} steps"),
                    ("loss", document["loss"].replace("_", " ")),
                ],
            ),
            "",
        )
    )


def found(path: str) -> Any:
    """The module, or what a module holds, by its dotted name."""
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError:
        module, _, name = path.rpartition(".")
        return getattr(importlib.import_module(module), name)


def check_examples(docs: Path) -> None:
    """Run the examples of these pages. The build fails if the output of an example differs from its page."""
    for page in (docs / name for name in ("python.md", "models.md", "alternatives.md")):
        lines = page.read_text(encoding="utf-8").splitlines()
        text = "\n".join("" if line.startswith("```") else line for line in lines)
        example = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
        told: list[str] = []
        doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=told.append)
        if told:
            raise ExtensionError("".join(told))


def named(*signature: str | None) -> tuple[str | None, ...]:
    """The signature of a function with our names of shapes instead of Sphinx's wrappers of them."""
    return tuple(part and re.sub(r"TypeAliasForwardRef\('(\w+)'\)", r"\1", part) for part in signature)


def other_name(app: Any, env: Any, node: Any, content: Any) -> Any:
    """The name that its project uses; a shape of ours links to their table, a type variable is text."""
    import inventories  # beside this file, on the path while the documentation is built

    target = node.get("reftarget", "").removeprefix("holdfast.core.arrays.")
    if target in SHAPES:
        named = node.deepcopy()
        named["refexplicit"] = True  # the text of the link is the name of the shape
        return env.get_domain("std").resolve_xref(env, node["refdoc"], app.builder, "ref", "shapes", named, content)
    if target.rpartition(".")[2] in NO_CLASSES:
        return content
    domain = env.get_domain("py")
    if "." not in target and (full := [name for name in domain.objects if name.endswith(f".{target}")]):
        return domain.resolve_xref(env, node["refdoc"], app.builder, "class", min(full, key=len), node, content)
    node["reftarget"] = inventories.OTHER_NAMES.get(target, target)
    return None


def left_out(what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Whether to leave a member out: the fields of a named tuple, which its docstring describes."""
    return True if (getattr(obj, "__doc__", "") or "").startswith("Alias for field number") else None


def as_rst(lines: list[str]) -> None:
    """Convert a plain-text docstring to reStructuredText, which Sphinx reads. Changes ``lines`` in place.

    A paragraph that is indented, or has columns, becomes a literal block. Elsewhere asterisks, bars and trailing
    underscores are escaped.
    """
    done: list[str] = []
    for block in re.split(r"\n\s*\n", "\n".join(lines).strip("\n")):
        rows = block.split("\n")
        laid_out = sum(bool(re.search(r"\S {3,}\S", row)) for row in rows) > 1 or "──" in block
        if block.lstrip().startswith((">>>", "..", ":")):
            done += [*rows, ""]
        elif laid_out or all(row.startswith("  ") for row in rows):
            done += ["::", "", *textwrap.indent(textwrap.dedent(block), "    ").split("\n"), ""]
        else:
            done += [*("\n".join(_outside_code(row, _rst_escaped) for row in rows)).split("\n"), ""]
    lines[:] = done


def prose(text: str) -> str:
    """Plain text as Markdown that shows it unchanged. Indented paragraphs become code blocks."""
    made = []
    for block in re.split(r"\n\s*\n", text.strip()):
        if all(row.startswith("  ") for row in block.split("\n")):
            made.append(f"```text\n{textwrap.dedent(block)}\n```")
        else:
            made.append(escaped(block))
    return "\n\n".join(made)


def escaped(text: str) -> str:
    """Text with Markdown's special characters escaped, except in ``code``."""
    return _outside_code(text, lambda part: EMPHASIS.sub(r"*\1*", re.sub(r"([*_<>$|\[\]])", r"\\\1", part)))


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("\n", " ") for cell in line) + " |" for line in lines)


def amount(value: float, unit: str) -> str:
    """``1 bit``, ``2 bits``."""
    return f"{value:g} {unit.removesuffix('s') if value == 1 else unit}"


def as_text(drawn: Table) -> str:
    """A table of results as columns of text."""
    lines = (drawn.heads, *drawn.rows)
    widths = [max(len(line[column]) for line in lines) for column in range(len(drawn.heads))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def _outside_code(text: str, change: Any) -> str:
    parts = re.split(r"(``.+?``)", text)
    return "".join(part if part.startswith("``") else change(part) for part in parts)


def _rst_escaped(part: str) -> str:
    return EMPHASIS.sub(r"*\1*", re.sub(r"_(?=\W|$)", r"\\_", re.sub(r"([*|`])", r"\\\1", part)))


def _docstring(folder: Folder, name: str) -> str:
    return (folder.load(name).__doc__ or "").strip()


def _code(file: Path) -> str:
    """The code of a file without its docstring."""
    return re.sub(r'\A""".*?"""\s*', "", file.read_text(encoding="utf-8"), flags=re.DOTALL).rstrip()


def _meaning(axis: FieldInfo) -> str:
    limits = [", ".join(axis.meta.choices)] if axis.meta.choices else []
    limits += [f"at least {axis.meta.least:g}"] if axis.meta.least is not None else []
    return axis.meta.help + (f" ({'; '.join(limits)})" if limits else "")
