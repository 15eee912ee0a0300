"""Gateways with a team: who may what, for how much, and what is known of it afterwards."""
