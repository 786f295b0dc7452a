r"""Text that can be written as UTF-8, whatever it was: what is no Unicode becomes ``\udcNN``."""

from __future__ import annotations


def unicode(text: str) -> str:
    """The same without lone surrogates, as paths of rule files and lines of services may have."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def mended(value: object) -> object:
    """Plain values with nothing but such text in them, at any depth."""
    if isinstance(value, str):
        return unicode(value)
    if isinstance(value, dict):
        return {mended(key): mended(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [mended(item) for item in value]
    return value
