"""The objective F: its problem and its constants, and the oracles through which solvers use it."""
