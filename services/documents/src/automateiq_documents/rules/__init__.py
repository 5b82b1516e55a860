"""What organizations want done with documents that were read."""
