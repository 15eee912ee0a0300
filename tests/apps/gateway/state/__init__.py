"""The state of the gateway."""
