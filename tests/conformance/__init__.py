"""Servers that are not ours, for the conformance suite: libmodbus (C) and node-opcua (JavaScript)."""
