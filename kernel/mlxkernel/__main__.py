"""``python -m mlxkernel``: the same as the command ``mlxkernel``."""

from mlxkernel.cli import main

if __name__ == "__main__":
    main()
