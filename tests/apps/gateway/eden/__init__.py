"""Eden's API, as its clients and its description have it."""
