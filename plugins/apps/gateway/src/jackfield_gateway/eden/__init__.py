"""Eden's API, version 2: chats with one or many providers, its OpenAI-like chat, its catalog and its costs."""
