"""Flags that several verbs share."""

from __future__ import annotations

from holdfast.cli._parser import Parser, at_least_zero


def add_common(parser: Parser) -> None:
    add_seed(parser)
    add_threads(parser)


def add_seed(parser: Parser) -> None:
    options = {"default": 0, "metavar": "N", "help": "seed of all random numbers (default: 0)"}
    parser.add_argument("--seed", type=at_least_zero, **options)


def add_threads(parser: Parser) -> None:
    parser.flag("threads", int, help="CPU cores (default: all)")


def add_json(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document")
