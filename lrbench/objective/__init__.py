"""The objective F: what a solver may ask of it, and its constants."""
