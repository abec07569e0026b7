"""Bytes of a file that bgzip compressed, at any place (SAMv1 specification, section 4.1).

Blocks are found by the lengths in their own headers: no `.gzi` beside the file is needed, and none can be out of date.
"""

import functools
import struct
import zlib
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.genome.handle import Bytes

_MAGIC, _FIELD = b"\x1f\x8b\x08\x04", b"BC\x02\x00"  # gzip with an extra field, and the one that gives a block's length
_HEAD, _TAIL = 18, 8  # bytes before and after the compressed ones of a block
_KEPT = 64  # blocks of 64 kB that stay decompressed: neighbouring windows share them


def is_bgzip(head: bytes) -> bool:
    """Whether a file that begins with these bytes was compressed by bgzip; that of gzip itself is none."""
    return head[:4] == _MAGIC and head[12:16] == _FIELD


class BgzipBytes:
    """The decompressed bytes of a bgzip file, with the interface of `zoo.genome.handle.Bytes`.

    Args:
        path: the file.
        what: how messages call it, such as "genome".

    Attributes:
        path: of the file.
        size: bytes when decompressed.

    Raises:
        InputError: a file that cannot be opened, is damaged, or lacks its end.
    """

    def __init__(self, path: str | Path, what: str) -> None:
        self._bytes, self.path = Bytes(path, what), path
        places, sizes, at = [], [], 0
        while at < self._bytes.size:
            head = self._bytes.read(at, _HEAD)
            length = struct.unpack_from("<H", head, 16)[0] + 1
            if not is_bgzip(head) or length < _HEAD + _TAIL:
                raise self._bytes.damaged()
            places.append(at)
            at += length
            sizes.append(struct.unpack("<I", self._bytes.read(at - 4, 4))[0])
        if not sizes or sizes[-1]:
            raise InputError(
                "A file of bgzip must be complete: the empty block at its end is missing",
                where=path,
                hint="Copy or compress it again",
            )
        self._places = [*places, at]
        self._starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        self.size = int(self._starts[-1])
        self._block = functools.lru_cache(_KEPT)(self._decompressed)

    def read(self, offset: int, count: int) -> bytes:
        """`count` bytes from `offset`. Raises `InputError` if the file has fewer, or is damaged there."""
        if not 0 <= offset <= offset + count <= self.size:
            raise self.damaged()
        first, last = np.searchsorted(self._starts, [offset, max(offset + count - 1, offset)], side="right") - 1
        data = b"".join(self._block(block) for block in range(int(first), min(int(last) + 1, len(self._places) - 1)))
        skipped = offset - int(self._starts[first])
        return data[skipped : skipped + count]

    def damaged(self, where: str = "") -> InputError:
        """The error for a damaged file, to be raised."""
        return self._bytes.damaged(where)

    def _decompressed(self, block: int) -> bytes:
        start, end = self._places[block : block + 2]
        raw, size = self._bytes.read(start, end - start), int(self._starts[block + 1] - self._starts[block])
        try:
            data = zlib.decompress(raw[_HEAD:-_TAIL], wbits=-zlib.MAX_WBITS, bufsize=max(size, 1))
        except zlib.error:
            raise self.damaged() from None
        if len(data) != size or zlib.crc32(data) != struct.unpack_from("<I", raw, len(raw) - _TAIL)[0]:
            raise self.damaged()
        return data
