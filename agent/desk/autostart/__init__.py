"""OutTray starts by itself at logon: each system's documented place for that, and nothing else."""
