"""Stored conversations on vLLM's side: from a request to a record, and back.

`store` keeps records and knows nothing of what is in them; here is what they hold, how
a conversation is rebuilt from them, and what a server has in its memory meanwhile.
"""
