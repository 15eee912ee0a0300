"""The fault matrix: what a client does when its provider misbehaves, over real sockets, with measured times."""
