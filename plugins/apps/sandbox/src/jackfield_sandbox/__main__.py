"""`python -m jackfield_sandbox --port N` serves the sandbox."""

import sys

from ._command import command

if __name__ == "__main__":
    sys.exit(command(["serve", *sys.argv[1:]]))
