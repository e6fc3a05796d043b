"""Says which machine next, never what; pure, and a stranger to the other judges."""
