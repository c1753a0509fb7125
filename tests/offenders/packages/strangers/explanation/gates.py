"""OFFENDER: a diagnostic knows where the network came from."""

from holdfast.training.run import run

__all__ = ["run"]
