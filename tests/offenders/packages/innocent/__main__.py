"""Nothing is wrong here: the front may call the command line."""

from holdfast.cli.main import main

__all__ = ["main"]
