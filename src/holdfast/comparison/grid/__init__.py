"""The grid: which settings are swept over which values, and the place that each combination has on every axis."""
