"""The command `jackfield`, run as a process against a server on a loopback address."""
