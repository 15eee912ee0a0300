"""AI21 as data: what this package knows stands in `catalog.toml` and `models.toml`."""
