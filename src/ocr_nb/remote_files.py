"""Files at addresses that fsspec knows: `s3://…`, `gs://…`, `memory://…`. The only room of fsspec.

In: an address. Out: names below it, bytes, texts. Plain paths and http(s) are not for this room.
"""

from __future__ import annotations

from fnmatch import fnmatch
from typing import Any

from .errors import ImageError, SettingsError


def is_remote(path: object) -> bool:
    """Tell whether `path` is an address for fsspec: it has a scheme, and not that of a web page or data."""
    if not isinstance(path, str) or "://" not in path:
        return False
    return path.partition("://")[0].lower() not in {"http", "https", "data"}


def list_remote(address: str) -> list[str]:
    """Return the addresses of all files in a folder, or that a pattern with * matches, sorted.

    Raises:
        SettingsError: fsspec, or what it needs for this scheme, is not installed, or there is no such folder.
    """
    system, path = _system(address)
    try:
        if any(sign in path for sign in "*?["):
            folder, _, pattern = path.rpartition("/")
            found = [name for name in system.find(folder) if fnmatch(name.rpartition("/")[2], pattern)]
        elif system.isdir(path):
            found = system.find(path)
        else:
            found = [path]
    except OSError as error:
        raise SettingsError(f"{address} cannot be listed ({error}): check the address.") from error
    return sorted(system.unstrip_protocol(name) for name in found)


def read_remote(address: str) -> bytes:
    """Return the bytes of one file.

    Raises:
        ImageError: it cannot be read.
        SettingsError: fsspec, or what it needs for this scheme, is not installed.
    """
    system, path = _system(address)
    try:
        data: bytes = system.cat_file(path)
    except OSError as error:
        raise ImageError(f"{address} cannot be read ({error}): check the address.") from error
    return data


def _system(address: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs

        system, path = url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise SettingsError(
            f"{address} needs fsspec and what it uses for this kind of address ({error}): "
            "pip install 'ocr_nb[remote]'."
        ) from error
    return system, path
