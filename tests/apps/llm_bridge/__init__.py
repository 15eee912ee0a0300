"""The plugin of llm, against a server on a loopback address."""
