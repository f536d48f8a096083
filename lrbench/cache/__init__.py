"""Derived files on the disk, and the data and the code that they depend on."""
