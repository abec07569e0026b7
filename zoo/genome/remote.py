"""Files at an address (http, https) of which parts are read, from servers that support ranges of bytes.

Blocks of half a megabyte are kept in memory while the file is open, nothing on disk: variants and regions are read at
once, for the whole genome a file that is downloaded first is faster.
"""

import re
import threading
from collections import OrderedDict

from registry import download
from registry.environment import offline
from registry.errors import masked
from zoo.errors import InputError, OfflineMiss

_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_BLOCK = 1 << 19  # bytes
_KEPT = 64  # blocks


def is_address(value: object) -> bool:
    """Whether it is the address of a file on a server, as text."""
    return isinstance(value, str) and _ADDRESS.match(value) is not None


def shown(address: str) -> str:
    """An address without what may be secret: name and password, and what follows `?`, as signatures of storage do."""
    bare, query, _ = masked(address).partition("?")
    return f"{bare}?***" if query else bare


class RemoteBytes:
    """The bytes of a file on a server, with the interface of `zoo.genome.handle.Bytes`.

    Args:
        address: `http://` or `https://`; a name and password in it are sent to the server and shown nowhere.
        what: how messages call the file, such as "signal".

    Attributes:
        path: the address as it may be shown.
        size: of the file in bytes.
        version: what the server says of it.

    Raises:
        OfflineMiss: the environment forbids the network.
        InputError: no such file, a server that is too slow or sends no parts of files.
    """

    def __init__(self, address: str, what: str) -> None:
        self._address, self._what, self.path = address, what, shown(address)
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self.version: download.Version | None = None
        first = self._fetched(0, 1)
        self._blocks[0], self.size = first, self.version.bytes

    def read(self, offset: int, count: int) -> bytes:
        """`count` bytes from `offset`. Raises `InputError` if the file has fewer, or is another one by now."""
        if not 0 <= offset <= offset + count <= self.size:
            raise self.damaged()
        first, stop = offset // _BLOCK, -(-(offset + count) // _BLOCK)
        with self._lock:
            here = {number: self._blocks[number] for number in range(first, stop) if number in self._blocks}
            missing = [number for number in range(first, stop) if number not in here]
            while missing:
                run = next((i for i, number in enumerate(missing) if number != missing[0] + i), len(missing))
                data = self._fetched(missing[0], run)
                for i, number in enumerate(missing[:run]):
                    here[number] = data[i * _BLOCK : (i + 1) * _BLOCK]
                missing = missing[run:]
            for number in range(first, stop):
                self._blocks[number] = here[number]
                self._blocks.move_to_end(number)
            while len(self._blocks) > _KEPT:
                self._blocks.popitem(last=False)
        skipped = offset - first * _BLOCK
        return b"".join(here[number] for number in range(first, stop))[skipped : skipped + count]

    def damaged(self, where: str = "") -> InputError:
        """The error for a damaged file, to be raised."""
        place = f"{self.path} {where}".rstrip()
        return InputError(f"The {self._what} must be intact: this file is damaged", where=place)

    def _fetched(self, first: int, blocks: int) -> bytes:
        """Some blocks, from the server."""
        if offline():
            raise OfflineMiss(
                f"The network must be on to read the {self._what} from a server",
                received={self._what: self.path},
                hint="Unset ZOO_OFFLINE, or give a file",
            )
        try:
            data, version = download.part(self._address, first * _BLOCK, blocks * _BLOCK)
        except download.Failed as error:
            raise InputError(
                f"The {self._what} must be readable from its server: {error}",
                received={self._what: self.path},
                hint="Download it first, as with curl",
            ) from None
        if self.version not in (None, version):
            raise InputError(
                f"The {self._what} must not change while it is read: the server has another file now", where=self.path
            )
        self.version = version
        return data
