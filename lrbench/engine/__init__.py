"""The loop that steps lanes through a problem and records their traces."""
