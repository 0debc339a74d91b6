"""The folder as it really is: the file-system seam, looking, settling, shelves, and watching as a hint to look."""
