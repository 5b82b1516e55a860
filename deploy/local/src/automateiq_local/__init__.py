"""The fleet on one machine, without containers."""
