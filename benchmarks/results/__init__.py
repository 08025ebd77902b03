"""The kept runs, and what is made of them: tables, aims, the page, the model."""
