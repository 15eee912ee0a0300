"""A chat model of LangChain over every provider of Jackfield."""

from ._model import ChatJackfield

__all__ = ["ChatJackfield"]
