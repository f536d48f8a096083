"""The sets of the LIBSVM collection: their list, and how they are fetched and checked."""
