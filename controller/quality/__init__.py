"""Compares what was meant with what was measured; pure, and a stranger to the other judges."""
