"""The programs on top of the core."""
