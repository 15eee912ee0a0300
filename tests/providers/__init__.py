"""Tests of the providers, each by its own catalog."""
