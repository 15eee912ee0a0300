"""The dialect `cohere-chat`, through its board."""
