"""Tests of the tree itself and of the guards of the tests."""
