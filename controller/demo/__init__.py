"""The demo: a whole centre in a fresh folder, run by real processes and judged from their own logs."""
