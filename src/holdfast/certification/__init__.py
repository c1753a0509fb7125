"""Error bounds for all rows of a task: the search for proofs, the checker of certificates, the adversarial search."""
