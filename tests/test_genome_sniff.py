"""What a path is, by what the file holds, and by its name only where that tells nothing."""

import gzip
from pathlib import Path

import pytest

from zoo.genome import sniff

HEAD = b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
BIGWIG = b"\x26\xfc\x8f\x88" + bytes(60)


@pytest.mark.parametrize(
    ("name", "content", "bigwig", "vcf"),
    [
        ("a.bw", BIGWIG, True, False),
        ("a.bed", BIGWIG, True, False),
        ("a.bw", b"chr1\t1\t2\n", False, False),
        ("a.bigWig", b"\0\0damaged", True, False),
        ("a.bw", None, False, False),
        ("a.vcf", b"##fileformat=VCFv4.2\n" + HEAD, False, True),
        ("a.txt", b"##source=x\n" + HEAD, False, True),
        ("a.tsv", HEAD, False, True),
        ("a.tsv", b"##comment\nchrom\tpos\tref\talt\n", False, False),
        ("a.vcf.gz", gzip.compress(b"chr1\t5\t.\tA\tG\n"), False, True),
        ("a.vcf", BIGWIG, True, False),
        ("a.vcf.bed", b"chr1\t1\t2\n", False, False),
    ],
)
def test_bigwig_and_vcf(tmp_path: Path, name: str, content: bytes | None, bigwig: bool, vcf: bool):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert (sniff.is_bigwig(tmp_path / name), sniff.is_vcf(str(tmp_path / name))) == (bigwig, vcf)


def test_what_is_no_path_is_neither():
    assert not sniff.is_bigwig([1])
    assert not sniff.is_vcf(None)
