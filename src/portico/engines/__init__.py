"""Engines: how agents come to be and how their lines reach control."""
