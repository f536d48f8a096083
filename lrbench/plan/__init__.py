"""What to run, checked; and each problem made ready for it."""
