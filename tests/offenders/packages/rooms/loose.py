"""OFFENDER: a file in no room."""
