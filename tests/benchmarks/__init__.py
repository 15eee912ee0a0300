"""Benchmarks: they print figures and ratios; no test fails on a clock."""
