"""Knows the line: from a prescription to a parcel."""
