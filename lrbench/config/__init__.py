"""Reading what the user writes into checked values: names, learning rates and tables."""
