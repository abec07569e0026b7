"""Rows of tab-separated text as arrays: fields, whole numbers and names, of a block of bytes at once."""

from dataclasses import dataclass

import numpy as np

_TAB, _NEWLINE, _HASH, _MINUS, _ZERO = b"\t\n#-0"
_DIGITS = 12  # of a number; no chromosome is longer than 10**10 bp
_LONGEST_NAME = 1024  # bytes
_HEADS = (b"track ", b"browser ")  # lines that a genome browser reads
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Rows:
    """The rows of a text that are no comments.

    Attributes:
        data: the text, (bytes,) uint8.
        begins, ends: of each row, (n,) int64, the newline not included.
        first: the index in `tabs` of each row's first one, (n,).
        columns: how many each row has, (n,).
        tabs: where all of them are.
    """

    data: np.ndarray
    begins: np.ndarray
    ends: np.ndarray
    first: np.ndarray
    columns: np.ndarray
    tabs: np.ndarray

    @classmethod
    def of(cls, text: bytes) -> "Rows":
        """Of a text that ends with a newline; lines that are empty or begin with `#`, track or browser are left out."""
        data = np.frombuffer(text, np.uint8)
        ends = np.flatnonzero(data == _NEWLINE)
        begins = np.concatenate([[0], ends[:-1] + 1])[: len(ends)].astype(np.int64)
        kept = (ends > begins) & (data[begins] != _HASH)
        for head in _HEADS:
            kept &= ~_begins_with(data, begins, head)
        begins, ends = begins[kept], ends[kept]
        tabs = np.flatnonzero(data == _TAB)
        first = np.searchsorted(tabs, begins)
        return cls(data, begins, ends, first, np.searchsorted(tabs, ends) - first + 1, tabs)

    def __len__(self) -> int:
        return len(self.begins)

    def text(self, row: int) -> str:
        """A row, as far as a message can show it."""
        shown = self.data[self.begins[row] : min(self.ends[row], self.begins[row] + 80)]
        return shown.tobytes().decode("utf-8", "backslashreplace")

    def field(self, column: int) -> tuple[np.ndarray, np.ndarray]:
        """Where a column (from 0) begins and ends in each row, (n,) each; empty where a row has no such column."""
        tabs = np.append(self.tabs, 0)  # what a row without it would find is not used
        last = len(self.tabs)
        begins = self.begins if not column else tabs[np.minimum(self.first + column - 1, last)] + 1
        ends = np.where(self.columns > column + 1, tabs[np.minimum(self.first + column, last)], self.ends)
        return np.where(self.columns > column, begins, self.ends), ends

    def integers(self, column: int) -> tuple[np.ndarray, np.ndarray]:
        """Whole numbers of a column, (n,) int64, and where it holds one, (n,) bool."""
        begins, ends = self.field(column)
        begins, ends = begins.copy(), ends.copy()
        filled = ends > begins
        negative = filled & (self.data[np.minimum(begins, len(self.data) - 1)] == _MINUS)
        begins += negative
        lengths = ends - begins
        good = (lengths > 0) & (lengths <= _DIGITS)
        values = np.zeros(len(begins), np.int64)
        for place in range(int(lengths[good].max(initial=0))):
            there = lengths > place
            digits = self.data[np.where(there, ends - 1 - place, 0)].astype(np.int64) - _ZERO
            good &= ~there | ((digits >= 0) & (digits <= 9))
            values += np.where(there, digits, 0) * 10**place
        return np.where(negative, -values, values), good

    def names(self, column: int) -> tuple[np.ndarray, list[str]]:
        """Numbers (n,) of a column's texts, and the texts, in the order in which they come first.

        Two texts have one number if they have one hash of 64 bits. Texts of more than 1,024 bytes are cut off there.
        """
        begins, ends = self.field(column)
        ends = np.minimum(ends, begins + _LONGEST_NAME)
        lengths = ends - begins
        hashes = lengths.astype(np.uint64)
        for place in range(int(lengths.max(initial=0))):
            there = lengths > place
            letters = self.data[np.where(there, begins + place, 0)].astype(np.uint64)
            hashes = np.where(there, (hashes ^ letters) * _FACTOR + (hashes >> np.uint64(29)), hashes)
        heads = np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1]])) if len(hashes) else np.empty(0, int)
        _, where, numbers = np.unique(hashes[heads], return_index=True, return_inverse=True)
        order = np.argsort(where)
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        texts = [
            self.data[begins[row] : ends[row]].tobytes().decode("utf-8", "backslashreplace")
            for row in heads[where[order]]
        ]
        return np.repeat(rank[numbers], np.diff(np.append(heads, len(hashes)))), texts

    def letters(self, column: int) -> np.ndarray:
        """The one byte of a column, (n,) uint8, 0 where it holds another number of them."""
        begins, ends = self.field(column)
        return np.where(ends - begins == 1, self.data[np.minimum(begins, len(self.data) - 1)], 0)


def _begins_with(data: np.ndarray, begins: np.ndarray, head: bytes) -> np.ndarray:
    """Which lines (n,) begin with some bytes."""
    matches = data[begins] == head[0]
    at = begins[matches]
    same = np.ones(len(at), bool)
    for place, letter in enumerate(head):
        same &= data[np.minimum(at + place, len(data) - 1)] == letter
    matches[matches] = same
    return matches
