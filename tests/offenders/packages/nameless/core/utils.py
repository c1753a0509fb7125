"""OFFENDER: a file whose name says nothing."""
