"""Turns the journal of one prescription into a page: the record is the fold of its facts, and nothing else is asked."""
