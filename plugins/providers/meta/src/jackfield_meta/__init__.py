"""Meta's Llama API: its catalog; what its native address writes so stands in `_native.py`."""
