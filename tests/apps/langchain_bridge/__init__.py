"""The chat model of LangChain, against a server on a loopback address."""
