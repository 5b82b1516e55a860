"""What people say about what was read: corrections, confirmation, and what is learned from both."""
