"""One suite over every transport: real sockets on loopback, TLS with an authority of the test's own, a proxy."""
