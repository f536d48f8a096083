"""Figures: the numbers that they show, and their drawing by matplotlib or in a terminal."""
