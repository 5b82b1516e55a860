"""Data out of the text of pages: rule based, without any I/O, and nothing that does not stand on the page."""
