"""What an operator may rely on: who is let in, what a broken plugin cannot break, who sees whose credentials."""
