"""The HTML report: one file with figures and tables, which a browser opens without a network."""
