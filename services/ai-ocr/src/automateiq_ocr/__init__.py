"""Text recognition and data extraction."""
