"""DeepSeek: what this package knows stands in its catalog; `_chat.py` says where beginnings are asked to be ended."""
