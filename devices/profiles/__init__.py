"""A machine is a table; a table has no opinions."""
