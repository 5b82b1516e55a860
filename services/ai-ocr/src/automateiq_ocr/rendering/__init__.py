"""Showing documents: pages as pictures, and PDF/A whose text can be searched."""
