"""The plugin that llm loads: it registers every model whose provider can be asked."""

from ._models import register_models

__all__ = ["register_models"]
