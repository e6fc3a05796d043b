"""Knows machines, never medicine."""
