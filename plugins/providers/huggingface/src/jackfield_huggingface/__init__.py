"""Hugging Face: its catalog; embeddings in its own form stand in `_features`."""
