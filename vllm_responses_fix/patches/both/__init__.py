"""Patches of both ways to a prompt."""
