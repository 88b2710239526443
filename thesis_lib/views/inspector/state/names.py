"""File names made from users' names of pictures, valid on every system and within their folder."""

import hashlib
import unicodedata

RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(10))}
"""Of Windows, with any ending."""


def plain(text: str, longest: int, kept: str = "-_") -> str:
    """Replace all but letters and digits of any script by dashes.

    Args:
        longest: bytes in UTF-8; file systems take 255.
        kept: other characters that stay.
    """
    text = unicodedata.normalize("NFC", text)
    found = "".join(one if unicodedata.category(one)[0] in "LMN" or one in kept else "-" for one in text)
    return found.encode("utf-8", "replace")[:longest].decode("utf-8", "ignore").strip(" .-") or "picture"


def file_name(text: str) -> str:
    """Return a text that can be a file's name on any system as it is, else a similar name with a digest."""
    found = plain(text, 120, "-_. ()")
    if found == text and found.partition(".")[0].strip().upper() not in RESERVED:
        return found
    return f"_{found}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
