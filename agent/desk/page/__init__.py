"""The activity page: a web app for this PC's own user, on loopback only."""
