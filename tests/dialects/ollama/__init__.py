"""The dialect `ollama-chat`, through its board."""
