"""Tests of the dialect openai-responses, through public interfaces."""
