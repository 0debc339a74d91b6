"""What people see of OutTray: the dry run, the doctor; only reads what stands, and files requests."""
