"""OFFENDER: a room that the table does not have."""
