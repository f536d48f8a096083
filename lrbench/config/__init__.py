"""From words to checked values: registries, texts, learning rates, tables."""
