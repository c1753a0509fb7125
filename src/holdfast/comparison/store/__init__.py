"""Finished points on disk: the SQLite store of running studies, and the small JSON file of a finished study."""
