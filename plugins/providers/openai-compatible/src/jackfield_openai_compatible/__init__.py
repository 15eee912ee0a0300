"""Any server that speaks OpenAI's wire format, as data: see `catalog.toml` and `models.toml`."""
