"""Documents, their files and their reading."""
