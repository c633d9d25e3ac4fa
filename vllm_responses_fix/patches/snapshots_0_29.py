"""What is stored of a conversation is not what contexts write into.

For releases whose renderer decodes the arguments of calls to the same object each time,
also where it finds what it decoded before.
"""

from .snapshots import copy_response_messages

__all__ = ["copy_response_messages"]
