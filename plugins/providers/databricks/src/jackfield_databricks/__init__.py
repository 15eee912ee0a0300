"""Databricks: what this package knows stands in its catalog; `_chat.py` orders messages as it wants them."""
