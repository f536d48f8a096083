"""Generated data: worst cases, spectra and random samples."""

PREFIX = "generated:"
