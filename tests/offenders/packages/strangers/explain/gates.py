"""OFFENDER: a diagnostic knows where the network came from."""

from holdfast.train.run import run

__all__ = ["run"]
