"""The dialect `anthropic-messages`, in both directions."""
