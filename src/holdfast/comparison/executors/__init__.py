"""Run the trainings of a study: work units, the worker that trains one, and the executors (local processes, Ray)."""
