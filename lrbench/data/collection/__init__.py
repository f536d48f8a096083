"""The data sets of the LIBSVM collection: their list, their download and their checks."""
