"""Data made by a formula: worst cases, spectra, random samples."""
