"""`python -m jackfield_cli`, the same as the command `jackfield`."""

from __future__ import annotations

import sys

from ._main import main

sys.exit(main())
