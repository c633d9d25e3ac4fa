"""Patches of the way through Harmony messages (gpt-oss)."""
