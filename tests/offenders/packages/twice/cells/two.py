"""INNOCENT: every cell has a state of its own."""


class State: ...
