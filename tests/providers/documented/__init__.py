"""Providers that were checked against their documentation, and the answers that were written by hand from its pages."""
