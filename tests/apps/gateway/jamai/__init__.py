"""JamAI Base's API, as its clients have it."""
