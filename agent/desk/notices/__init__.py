"""What OutTray says by itself: one notice a cause, and then silence."""
