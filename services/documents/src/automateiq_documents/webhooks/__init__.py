"""Telling partners what became of documents."""
