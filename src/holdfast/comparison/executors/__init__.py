"""The computation: units of work, what a worker does with one, and the executors (processes of this machine, Ray)."""
