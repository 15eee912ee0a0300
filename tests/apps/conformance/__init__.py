"""The conformance kit: over every provider and dialect of ours, and over plugins that are broken on purpose."""
