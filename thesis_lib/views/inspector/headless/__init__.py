"""The same pictures without a browser: figures and files."""
