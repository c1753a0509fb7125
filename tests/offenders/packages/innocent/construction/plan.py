"""Nothing is wrong here: of the engine, a construction may know the network."""

import holdfast.core.errors
from holdfast import cells
from holdfast.engine.network import Network
from holdfast.tasks.echo import Echo

__all__ = ["Echo", "Network", "cells", "holdfast"]
