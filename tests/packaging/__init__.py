"""Tests of what is built and published: wheels, source archives and their installation."""
