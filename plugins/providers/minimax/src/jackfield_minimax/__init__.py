"""MiniMax: its catalog; what only MiniMax writes so stands in `_chat.py`."""
