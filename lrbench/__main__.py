"""Run the command ``lrbench`` by ``python -m lrbench``."""

from lrbench.cli.main import main

if __name__ == "__main__":
    main()
