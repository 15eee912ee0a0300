"""The documentation says what is true: every snippet runs, and every reference is compared with what it describes."""
