"""Containers on this node: images, bundles, the runtime that starts them, and what is left when they end."""
