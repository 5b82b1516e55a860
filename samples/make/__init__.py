"""Draws the sample documents: `python -m samples.make`."""
