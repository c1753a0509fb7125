"""Finished points on disk: the SQLite store that a study is run in, and the small JSON file of a finished run."""
