"""Data sets: reading, caching, labels, scaling. One thing a file."""
