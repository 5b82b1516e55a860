"""Splitting files that hold several documents, and putting the pages of one document together."""
