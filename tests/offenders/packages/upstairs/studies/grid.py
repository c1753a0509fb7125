"""OFFENDER: a study calls the command line."""

from holdfast.cli.main import main

__all__ = ["main"]
