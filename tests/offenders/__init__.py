"""Planted offenders: each breaks one law on purpose, so that the law is seen to fail."""
