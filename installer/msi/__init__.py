"""The MSI: written as WiX for wixl, and finished in its tables where wixl has no words."""
