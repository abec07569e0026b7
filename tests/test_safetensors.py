"""Files of safetensors, read as data: what writers make, and what a damaged or hostile file holds."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from zoo.errors import IntegrityError
from zoo.porting.safetensors_file import SafetensorsFile

BODY = np.arange(6, dtype="<f4").tobytes() + np.array([1.5, -2.0], "<f2").tobytes()
HEADER = {
    "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
    "b": {"dtype": "F16", "shape": [2], "data_offsets": [24, 28]},
}

AGAIN = json.dumps(HEADER)[:-1].encode() + b',"a":' + json.dumps(HEADER["a"]).encode() + b"}"


def written(header: object, body: bytes = BODY, length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + body


def read(data: bytes) -> SafetensorsFile:
    return SafetensorsFile(data, "model.safetensors")


def one(dtype: str, array: np.ndarray) -> np.ndarray:
    place = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [0, array.nbytes]}
    return read(written({"x": place}, array.tobytes())).tensor("x")


def test_tensors_come_as_float32():
    file = read(written({"__metadata__": {"format": "pt"}, **HEADER}))
    assert file.shapes == {"a": (2, 3), "b": (2,)}
    assert np.array_equal(file.tensor("a"), [[0, 1, 2], [3, 4, 5]])
    assert np.array_equal(file.tensor("b"), np.float32([1.5, -2]))
    assert {file.tensor(name).dtype for name in file.shapes} == {np.dtype(np.float32)}


def test_padding_after_the_header_is_part_of_it():
    assert read(written(json.dumps(HEADER).encode() + b"   ")).shapes["b"] == (2,)


@pytest.mark.parametrize(
    ("dtype", "array", "expected"),
    [
        ("F64", np.array([0.1, 1e30], "<f8"), np.float32([0.1, 1e30])),
        ("F32", np.array(2.5, "<f4"), np.float32(2.5)),
        ("F16", np.array([65504, 2**-24], "<f2"), np.float32([65504, 2**-24])),
        ("BF16", np.array([0x3F80, 0xC040, 0x0001], "<u2"), np.float32([1, -3, 2.0**-133])),
    ],
)
def test_every_kind_of_floating_point(dtype: str, array: np.ndarray, expected: np.ndarray):
    found = one(dtype, array)
    assert found.dtype == np.float32
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    ("dtype", "array", "message"),
    [
        ("I64", np.array([7], "<i8"), "The tensor x must be of F64, F32, F16, BF16.*I64"),
        ("F32", np.array([1, np.nan], "<f4"), "must be finite.*array='x'"),
        ("F64", np.array([1e300], "<f8"), "must be finite"),
        ("BF16", np.array([0x7F80], "<u2"), "must be finite"),
    ],
)
def test_numbers_that_are_no_weights(dtype: str, array: np.ndarray, message: str):
    with pytest.raises(IntegrityError, match=message):
        one(dtype, array)


def changed(name: str = "b", **fields: object) -> Callable[[], bytes]:
    return lambda: written({**HEADER, name: {**HEADER[name], **fields}})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (lambda: b"", "header of 0 bytes in a file of 0"),
        (lambda: b"\x01\0\0", "in a file of 3"),
        (lambda: written(HEADER, length=1 << 63), "a header of 9,223"),
        (lambda: written(HEADER, length=10_000), "a header of 10,000"),
        (lambda: written(HEADER, length=40), "valid JSON"),
        (lambda: written(b"\xff\xfe" * 20), "valid JSON"),
        (lambda: written([1]), "one JSON object"),
        (lambda: written(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", b""), "valid JSON"),
        (lambda: written(b'{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}}', b"1234"), "NaN is not a number"),
        (lambda: written(AGAIN), "a key occurs twice"),
        (lambda: written(b'{"a":{"dtype":"F32","dtype":"F32"}}'), "a key occurs twice"),
        (lambda: written({**HEADER, "__metadata__": {"format": 1}}), "__metadata__"),
        (lambda: written({"a": [0, 24]}), "without just data_offsets, dtype, shape"),
        (lambda: written({"a": {"dtype": "F32", "shape": [6]}}), "without just"),
        (changed(more=1), "without just"),
        (changed(dtype="F128"), "unknown dtype"),
        (changed(dtype=["F16"]), "unknown dtype"),
        (changed(shape=[2.0]), "shape or a place"),
        (changed(shape=[True, 2]), "shape or a place"),
        (changed(shape=[-1, -2]), "shape or a place"),
        (changed(shape=[1] * 8 + [2]), "shape or a place"),
        (changed(shape=[1 << 40, 1 << 40]), "another number of bytes"),
        (changed(shape=[3]), "another number of bytes"),
        (changed(data_offsets=[24, 28, 30]), "shape or a place"),
        (changed(data_offsets=[28, 24]), "another number of bytes"),
        (changed(data_offsets=[24, 26]), "another number of bytes"),
        (changed(data_offsets=[20, 24]), "beginning at byte 20 where 24"),  # overlaps
        (changed(data_offsets=[26, 30]), "beginning at byte 26 where 24"),  # leaves a gap
        (lambda: written(HEADER, BODY[:-1]), "tensors of 28 bytes in a body of 27"),
        (lambda: written(HEADER, BODY + b"1"), "tensors of 28 bytes in a body of 29"),
        (lambda: written({str(i): HEADER["a"] for i in range(20_001)}), "20,000"),
    ],
)
def test_damaged_and_hostile_headers(data: Callable[[], bytes], message: str):
    with pytest.raises(IntegrityError, match=f"model.safetensors: .*must.*({message})"):
        read(data())


def test_every_shorter_file_is_refused():
    whole = written(HEADER)
    for length in range(len(whole)):
        with pytest.raises(IntegrityError):
            read(whole[:length])


def test_the_golden_of_borzoi(shared: Path):
    root = shared / "zoo_weights" / "borzoi" / "small"
    file, arrays = SafetensorsFile((root / "model.safetensors").read_bytes(), "it"), np.load(root / "weights.npz")
    assert file.shapes == {name: arrays[name].shape for name in arrays.files}
    for name in arrays.files:
        if arrays[name].dtype == np.float32:
            assert np.array_equal(file.tensor(name), arrays[name]), name
