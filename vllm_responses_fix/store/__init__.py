"""Stored responses: what is kept of them, where, and for how long.

`protocol` says what a store does, one file each holds a backend, `opening` chooses.
Nothing here knows vLLM: what is in a record's body is the server side's.
"""
