"""Tests of the dialect openai-chat, through public interfaces."""
