"""Whether a running server gives a chained turn the prompt of the replayed one.

Only the standard library is used, and nothing of vLLM: the server may be anywhere.
"""
