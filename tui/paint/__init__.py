"""Painters: pure functions from what is known to lines of styled text; no widget, no waiting."""
