"""Client libraries hold a conversation with vLLM's server over the scripted engine.

The libraries are in environments of their own, and know nothing of this: their programs
are scripts/clients/NAME.py or NAME.mjs.
"""
