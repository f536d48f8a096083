"""Checked plans, and problems prepared for them."""
