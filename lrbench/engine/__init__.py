"""The one loop: lanes go through a problem, and their traces are written."""
