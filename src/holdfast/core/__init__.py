"""What every room builds on: shapes, what a cell and a task are, errors, results, files, registries."""
