"""OFFENDER: a room comes in by the front door."""

import holdfast
from holdfast import Network

__all__ = ["Network", "holdfast"]
