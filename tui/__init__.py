"""Shows the line and collects intents; if it dies, nothing stops."""
