"""Outputs that stand in the documents between two markers, to be written by a script.

<!-- sample: NAME -->
(the output)
<!-- end of sample -->
"""

import re
from collections.abc import Mapping
from pathlib import Path


def with_samples(text: str, samples: Mapping[str, str]) -> str:
    """A document with its samples replaced by those that there are."""

    def replaced(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in samples:
            return match[0]
        return f"{match['start']}\n{samples[name]}\n\n{match['end']}"

    return _SAMPLE.sub(replaced, text)


def names(text: str) -> list[str]:
    """The samples that a document has."""
    return [match["name"] for match in _SAMPLE.finditer(text)]


def as_code(output: str) -> str:
    """An output as a block of code."""
    lines = output.strip("\n").split("\n")
    return "\n".join(f"    {line}".rstrip() for line in lines)


def write(file: Path, samples: Mapping[str, str]) -> bool:
    """Replace the samples of a document; returns whether anything has changed."""
    before = file.read_text("utf-8")
    after = with_samples(before, samples)
    if after != before:
        file.write_text(after, "utf-8")
    return after != before


_SAMPLE = re.compile(
    r"(?P<start><!-- sample: (?P<name>[a-z-]+) -->\n)"
    r".*?"
    r"(?P<end><!-- end of sample -->)",
    re.DOTALL,
)
