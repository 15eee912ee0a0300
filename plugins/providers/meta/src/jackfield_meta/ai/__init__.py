"""Meta's Model API, which serves Muse, as data: what is known stands in `catalog.toml` and `models.toml`."""
