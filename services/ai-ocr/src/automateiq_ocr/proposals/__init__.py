"""Values that a language model proposes for what was not found; off by default."""
