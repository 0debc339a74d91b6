"""What people see of OutTray: tray, notices, page, dry run, doctor. It only reads what stands, and files requests."""
