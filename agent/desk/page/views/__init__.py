"""The views of the page. Each module has `routes(page)`."""
