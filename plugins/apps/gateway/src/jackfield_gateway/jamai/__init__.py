"""JamAI Base's API, version 1: its chat in OpenAI's form with references, embeddings, rerankings, lists of models."""
