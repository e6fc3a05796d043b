"""Samples of what was once written, which every later program must be able to read. Lines are added, never changed."""
