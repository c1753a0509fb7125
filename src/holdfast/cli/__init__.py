"""The command: one file, one verb, which parses, calls one function and prints."""
