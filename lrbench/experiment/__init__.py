"""A plan carried out: jobs, executors, the store."""
