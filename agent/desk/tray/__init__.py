"""The icon in the system's tray: what it shows, what its menu offers, and how it gets onto the screen."""
