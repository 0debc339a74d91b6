"""The forms of the page: what people mend here. Each module has `routes(page)`."""
