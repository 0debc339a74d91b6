"""OutTray beside the scripts that people would write in its place, against one receiver, in one run."""
