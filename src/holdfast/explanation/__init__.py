"""A network's memory, read: what it holds, how, for how long, and how far that can be told."""
