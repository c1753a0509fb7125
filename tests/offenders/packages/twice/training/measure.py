"""OFFENDER: sums over steps, under the same name; a private name may be met twice."""


class Score: ...


class _Document: ...
