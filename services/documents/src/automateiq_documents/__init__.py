"""Documents, their files and their processing."""
