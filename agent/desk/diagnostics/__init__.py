"""What support needs, with no patient data: only what is known to be harmless goes in, never "all but"."""
