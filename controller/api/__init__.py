"""Translates between the wire and intents, and decides nothing: HTTP in, JSON out (see `app.build`)."""
