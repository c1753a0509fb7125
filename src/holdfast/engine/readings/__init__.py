"""The readings of a cell's step: as numbers, bounds, a recorded graph, an equation, and properties."""
