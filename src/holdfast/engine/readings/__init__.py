"""The readings of a cell's step: numbers, bounds, the record of what was said, equations, properties."""
