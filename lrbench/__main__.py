"""``python -m lrbench`` is the command ``lrbench``."""

from lrbench.cli.main import main

if __name__ == "__main__":
    main()
