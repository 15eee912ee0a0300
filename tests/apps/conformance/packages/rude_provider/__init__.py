"""A plugin whose import reads the environment."""

import os

HOME = os.environ.get("HOME")
