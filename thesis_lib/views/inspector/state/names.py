"""Names of files and folders made of what users call their pictures: within their folder, on every system."""

import hashlib
import unicodedata

RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(10))}
"""Of Windows, with any ending."""


def plain(text: str, longest: int, kept: str = "-_") -> str:
    """A text's letters and digits of any script, each other character as a dash.

    Args:
        longest: bytes in UTF-8; file systems take 255.
        kept: other characters that stay.
    """
    text = unicodedata.normalize("NFC", text)
    found = "".join(one if unicodedata.category(one)[0] in "LMN" or one in kept else "-" for one in text)
    return found.encode("utf-8", "replace")[:longest].decode("utf-8", "ignore").strip(" .-") or "picture"


def file_name(text: str) -> str:
    """The text where a file can have that name anywhere, else what is like it and a digest of the text."""
    found = plain(text, 120, "-_. ()")
    if found == text and found.partition(".")[0].strip().upper() not in RESERVED:
        return found
    return f"_{found}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
