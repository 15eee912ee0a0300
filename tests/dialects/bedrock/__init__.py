"""The dialect `bedrock-converse`, in both directions, and its event stream."""
