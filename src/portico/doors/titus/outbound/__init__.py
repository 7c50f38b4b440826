"""The way out: records as messages of the API, whole or in part, in pages and as events."""
