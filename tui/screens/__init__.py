"""Screens mount widgets, give them painters, and turn keys into intents; no HTTP and no arithmetic here."""
