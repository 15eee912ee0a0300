"""Cassettes: what was recorded with official SDKs, played to Jackfield."""
