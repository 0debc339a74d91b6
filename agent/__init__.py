"""OutTray: an out-tray for the practice. Drop a scan or a statement file, and it is delivered, with a receipt."""

__version__ = "0.1.0"
