"""Documents that seem to be the same: found, linked, and left to a person."""
