"""The dialect `gemini`, in both directions."""
