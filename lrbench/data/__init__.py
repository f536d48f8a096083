"""Data sets: reading, caching, labels and scaling."""
