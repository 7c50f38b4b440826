"""Generated wire code, one package per door; `make gen` writes it."""
