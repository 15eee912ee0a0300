"""Groq: what this package knows stands in its catalog, what only Groq writes so in `_chat.py`."""
