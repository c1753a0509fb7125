"""Components: one file of a folder holds one, and wherever text is read it is chosen by the file's name.

    sgd                               every option at its default
    sgd+momentum=0.5+nesterov=true    options that differ

A component is a frozen dataclass derived from the base class of its kind; its fields are its options, each made with
``setting`` (``core/fields.py``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Generic, TypeVar

from holdfast.core.errors import BadFile, BadValue, UnknownName, refuse
from holdfast.core.fields import field_infos, lacking, mistakes, take
from holdfast.core.registered import class_name
from holdfast.core.registry import Folder
from holdfast.core.values import LONGEST_TEXT, got, text


@dataclass(frozen=True)
class Component:
    """One component with all its options fixed. Subclasses of a kind's base class are final and frozen."""

    def __post_init__(self) -> None:
        reasons = take(self) or self.mistakes()
        refuse([reason.removeprefix("--") for reason in reasons], self.name, f"See 'holdfast show {self.name}'.")

    def mistakes(self) -> list[str]:
        """Every reason why these options make no component; a subclass may add its own."""
        return mistakes(self)

    @property
    def name(self) -> str:
        return class_name(type(self))

    def __str__(self) -> str:
        """The text that it is parsed from: its name, and the options that are not at their defaults."""
        options = ((one, getattr(self, name)) for name, one in field_infos(type(self)).items())
        return "+".join((self.name, *(f"{one.name}={text(value)}" for one, value in options if value != one.default)))


Part = TypeVar("Part", bound=Component)


@dataclass(frozen=True)
class Kind(Generic[Part]):
    """All components of one kind: the folder of their files, and the class that each is derived from."""

    folder: Folder
    base: type[Part]

    def names(self) -> list[str]:
        return self.folder.names()

    def get(self, name: str) -> type[Part]:
        """The component of this name. Raises ``UnknownName``, or ``BadFile`` where its file does not hold one."""
        kind = self.folder.load_class(name, self.base)
        if reasons := lacking(kind, "setting(default, help)"):
            raise BadFile(f"the {self.folder.kind} {self.folder.files()[name]} {'; '.join(reasons)}.")
        return kind

    def register(self, kind: type[Part]) -> str:
        """Make a class known by name in this process, and return the name. Raises ``BadValue`` where the name is taken,
        ``BadFile`` where the class is no whole component."""
        return self.folder.register(kind, class_name(kind), self.get)

    def parse(self, word: str) -> Part:
        """The component that ``word`` names, with its options.

        Raises ``UnknownName`` for a name or an option that does not exist, ``BadValue`` for a wrong value.
        """
        name, *given = re.split(r"\+(?=[a-z_][a-z0-9_]*(?:=|$))", word)
        kind = self.get(name)
        known, options = field_infos(kind), {}
        for part in given:
            option, equals, value = part.partition("=")
            if option not in known:
                raise UnknownName(f"option of {name}", option, known)
            if not equals:
                raise BadValue(f"'{word}' has no value for {option}.", f"For example {name}+{option}=VALUE.")
            try:
                options[option] = known[option].read(value)
            except ValueError as why:
                raise BadValue(f"{name}: {option} {why}.", f"See 'holdfast show {name}'.") from None
        return kind(**options)

    def normal(self, value: object) -> str | Part:
        """The shortest text for a component or a text; the component itself where no file of the folder holds it.

        Raises as ``parse`` does, and ``ValueError`` for anything else.
        """
        if isinstance(value, str) and len(value) <= LONGEST_TEXT:
            return str(self.parse(value))
        if not isinstance(value, self.base):
            raise ValueError(f"is {got(value)}, expected one of {', '.join(self.names())}")
        known = value.name in self.folder.files() and self.get(value.name) is type(value)
        return str(value) if known else value

    def of(self, value: str | Part) -> Part:
        """The component that a field holds, as ``normal`` keeps it."""
        return self.parse(value) if isinstance(value, str) else value
