"""Run the command ``lrbench`` by ``python -m lrbench``."""

import os
import sys

if __name__ == "__main__":
    # Python puts the current folder first, from which any numpy.py of the user would be imported.
    if not sys.flags.safe_path and sys.path[0] == os.getcwd():  # noqa: PTH109
        del sys.path[0]

    from lrbench.cli.main import main

    main()
