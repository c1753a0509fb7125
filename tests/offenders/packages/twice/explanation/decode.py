"""OFFENDER: how well a state can be decoded."""


class Score: ...


class _Document: ...
