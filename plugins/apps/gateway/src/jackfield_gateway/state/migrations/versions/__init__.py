"""One module for each step; none is changed once it is released."""
