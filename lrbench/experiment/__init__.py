"""Runs of a plan: jobs, executors and the store of finished cells."""
