"""Documents and their data as files for other programs."""
