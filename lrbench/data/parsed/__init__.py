"""The cache of parsed data."""
