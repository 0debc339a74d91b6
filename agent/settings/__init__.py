"""The settings file, where files live, and secrets."""
