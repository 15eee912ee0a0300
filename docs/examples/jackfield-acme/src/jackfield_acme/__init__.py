"""Acme: what there is to know stands in `catalog.toml`; its wire format is `talk`."""
