"""What the page of a network shows, as plain data: built where networks are known, and drawn in ``report/page``."""
