"""Patches of the way through a chat template."""
