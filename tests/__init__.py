"""Tests of the framework; the recorded exchanges they read live outside the repository."""
