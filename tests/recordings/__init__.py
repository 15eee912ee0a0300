"""Reading of recorded exchanges, and the oracles that say what is in them."""
