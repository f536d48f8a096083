"""LIBSVM text, plain or compressed, read in blocks."""
