"""Independent readers of raw wire bodies, which share no code with the dialects they judge."""
