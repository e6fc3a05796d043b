"""The nouns of the line: frozen, with their own invariants, and nothing that waits, reads a clock or opens a file."""
