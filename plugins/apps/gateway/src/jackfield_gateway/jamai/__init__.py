"""JamAI Base's API, version 1: its chat in OpenAI's form with references, and its lists of models."""
