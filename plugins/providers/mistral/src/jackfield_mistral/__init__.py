"""Mistral: what this package knows stands in its catalog, what only Mistral writes so in `_chat.py`."""
