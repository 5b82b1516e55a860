"""Having many documents read at once."""
