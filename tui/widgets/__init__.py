"""Widgets paint lines that pure functions made; they know keys and sizes, nothing of the line."""
