"""Amazon Bedrock: signatures, addresses, vendors, errors."""
