"""The gunicorn process: its settings and its workers."""
