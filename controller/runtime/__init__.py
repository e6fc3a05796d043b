"""Waits, carries, retries; understands nothing."""
