"""GFF3 files as GENCODE, Ensembl, RefSeq and SGD write them: the same transcripts as of GTF."""

from pathlib import Path

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.genome import annotation, gtf

GENCODE = """\
##gff-version 3
#description: evidence-based annotation of the human genome (GRCh38), version 44 (Ensembl 110)
chr1\tHAVANA\tgene\t65419\t71585\t.\t+\t.\tID=ENSG00000186092.7;gene_id=ENSG00000186092.7;gene_type=protein_coding;gene_name=OR4F5;level=2;hgnc_id=HGNC:14825;havana_gene=OTTHUMG00000001094.4
chr1\tHAVANA\ttranscript\t65419\t71585\t.\t+\t.\tID=ENST00000641515.2;Parent=ENSG00000186092.7;gene_id=ENSG00000186092.7;transcript_id=ENST00000641515.2;gene_type=protein_coding;gene_name=OR4F5;transcript_type=protein_coding;transcript_name=OR4F5-201;level=2;tag=RNA_Seq_supported_partial,basic,Ensembl_canonical
chr1\tHAVANA\texon\t65419\t65433\t.\t+\t.\tID=exon:ENST00000641515.2:1;Parent=ENST00000641515.2;gene_id=ENSG00000186092.7;transcript_id=ENST00000641515.2;exon_number=1
chr1\tHAVANA\texon\t65520\t65573\t.\t+\t.\tID=exon:ENST00000641515.2:2;Parent=ENST00000641515.2;gene_id=ENSG00000186092.7;transcript_id=ENST00000641515.2
chr1\tHAVANA\tCDS\t65565\t65573\t.\t+\t0\tID=CDS:ENST00000641515.2;Parent=ENST00000641515.2;gene_id=ENSG00000186092.7;transcript_id=ENST00000641515.2
chr1\tHAVANA\tstart_codon\t65565\t65567\t.\t+\t0\tID=start_codon:ENST00000641515.2:2;Parent=ENST00000641515.2;gene_id=ENSG00000186092.7
chr1\tHAVANA\texon\t69037\t71585\t.\t+\t.\tID=exon:ENST00000641515.2:3;Parent=ENST00000641515.2;gene_id=ENSG00000186092.7;transcript_id=ENST00000641515.2
chr1\tHAVANA\tCDS\t69037\t70008\t.\t+\t0\tID=CDS:ENST00000641515.2;Parent=ENST00000641515.2;gene_id=ENSG00000186092.7;transcript_id=ENST00000641515.2
chr1\tHAVANA\tfive_prime_UTR\t65419\t65433\t.\t+\t.\tID=UTR5:ENST00000641515.2:1;Parent=ENST00000641515.2
chr1\tHAVANA\tfive_prime_UTR\t65520\t65564\t.\t+\t.\tID=UTR5:ENST00000641515.2:2;Parent=ENST00000641515.2
chr1\tHAVANA\tthree_prime_UTR\t70009\t71585\t.\t+\t.\tID=UTR3:ENST00000641515.2:3;Parent=ENST00000641515.2
"""
ENSEMBL = """\
##gff-version 3
##sequence-region   1 1 248956422
#!genome-build GRCh38.p14
1\tGRCh38\tchromosome\t1\t248956422\t.\t.\t.\tID=chromosome:1;Alias=CM000663.2,chr1,NC_000001.11
###
1\t.\tbiological_region\t10469\t11240\t1.3e+03\t.\t.\texternal_name=oe %3D 0.79;logic_name=cpg
1\thavana\tncRNA_gene\t11121\t24894\t.\t+\t.\tID=gene:ENSG00000290825;Name=DDX11L16;biotype=lncRNA;description=DEAD/H-box helicase 11 like 16 (pseudogene) [Source:EntrezGene%3BAcc:727856];gene_id=ENSG00000290825;logic_name=havana_homo_sapiens;version=2
1\thavana\tlnc_RNA\t11121\t14413\t.\t+\t.\tID=transcript:ENST00000832824;Parent=gene:ENSG00000290825;Name=DDX11L16-260;biotype=lncRNA;tag=basic;transcript_id=ENST00000832824;version=1
1\thavana\texon\t11121\t11211\t.\t+\t.\tParent=transcript:ENST00000832824;Name=ENSE00004248723;constitutive=0;rank=1;version=1
1\thavana\texon\t12010\t12227\t.\t+\t.\tParent=transcript:ENST00000832824;Name=ENSE00004248735;rank=2;version=1
"""  # noqa: E501
REFSEQ = """\
##gff-version 3
#!processor NCBI annotwriter
##sequence-region NC_000001.11 1 248956422
NC_000001.11\tRefSeq\tregion\t1\t248956422\t.\t+\t.\tID=NC_000001.11:1..248956422;Dbxref=taxon:9606;Name=1;chromosome=1;gbkey=Src;genome=chromosome;mol_type=genomic DNA
NC_000001.11\tBestRefSeq\tgene\t17369\t17436\t.\t-\t.\tID=gene-MIR6859-1;Dbxref=GeneID:102466751,HGNC:HGNC:50039;Name=MIR6859-1;gbkey=Gene;gene=MIR6859-1;gene_biotype=miRNA
NC_000001.11\tBestRefSeq\tprimary_transcript\t17369\t17436\t.\t-\t.\tID=rna-NR_106918.1;Parent=gene-MIR6859-1;Name=NR_106918.1;gbkey=precursor_RNA;gene=MIR6859-1;transcript_id=NR_106918.1
NC_000001.11\tBestRefSeq\texon\t17369\t17436\t.\t-\t.\tID=exon-NR_106918.1-1;Parent=rna-NR_106918.1;gbkey=precursor_RNA;gene=MIR6859-1;transcript_id=NR_106918.1
NC_000001.11\tBestRefSeq\tmiRNA\t17409\t17431\t.\t-\t.\tID=rna-MIR6859-1;Parent=rna-NR_106918.1;gbkey=ncRNA;gene=MIR6859-1;product=hsa-miR-6859-5p
NC_000001.11\tBestRefSeq\texon\t17409\t17431\t.\t-\t.\tID=exon-MIR6859-1-1;Parent=rna-MIR6859-1;gbkey=ncRNA;gene=MIR6859-1
NC_000001.11\tBestRefSeq\tgene\t65419\t71585\t.\t+\t.\tID=gene-OR4F5;Dbxref=GeneID:79501;Name=OR4F5;gbkey=Gene;gene=OR4F5;gene_biotype=protein_coding
NC_000001.11\tBestRefSeq\tmRNA\t65419\t71585\t.\t+\t.\tID=rna-NM_001005484.2;Parent=gene-OR4F5;Name=NM_001005484.2;gbkey=mRNA;gene=OR4F5;tag=MANE Select;transcript_id=NM_001005484.2
NC_000001.11\tBestRefSeq\texon\t65419\t65433\t.\t+\t.\tID=exon-NM_001005484.2-1;Parent=rna-NM_001005484.2;gene=OR4F5;transcript_id=NM_001005484.2
NC_000001.11\tBestRefSeq\texon\t69037\t71585\t.\t+\t.\tID=exon-NM_001005484.2-3;Parent=rna-NM_001005484.2;gene=OR4F5;transcript_id=NM_001005484.2
NC_000001.11\tBestRefSeq\tCDS\t69037\t70008\t.\t+\t0\tID=cds-NP_001005484.2;Parent=rna-NM_001005484.2;gene=OR4F5;protein_id=NP_001005484.2
NC_012920.1\tRefSeq\tregion\t1\t16569\t.\t+\t.\tID=NC_012920.1:1..16569;Is_circular=true;Name=MT;genome=mitochondrion
NC_012920.1\tRefSeq\tgene\t3307\t4262\t.\t+\t.\tID=gene-ND1;Name=ND1;gene=ND1;gene_biotype=protein_coding
NC_012920.1\tRefSeq\tCDS\t3307\t4262\t.\t+\t0\tID=cds-YP_003024026.1;Parent=gene-ND1;gene=ND1
NT_187361.1\tRefSeq\tregion\t1\t175055\t.\t+\t.\tID=NT_187361.1:1..175055;Name=1;chromosome=1;genome=genomic;map=unlocalized
NT_187361.1\tRefSeq\tgene\t11\t20\t.\t+\t.\tID=gene-X;Name=X;gene=X
NT_187361.1\tRefSeq\texon\t11\t20\t.\t+\t.\tParent=gene-X
"""  # noqa: E501
SGD = """\
##gff-version 3
chrI\tSGD\tgene\t151166\t152232\t.\t-\t.\tID=YAL001C;Name=YAL001C;gene=TFC3;Alias=TFC3,FUN24,tau 138;Note=a%3B b%2C c
chrI\tSGD\tCDS\t151166\t151999\t.\t-\t2\tParent=YAL001C_mRNA;Name=YAL001C_CDS;orf_classification=Verified
chrI\tSGD\tCDS\t152001\t152232\t.\t-\t0\tParent=YAL001C_mRNA;Name=YAL001C_CDS
chrI\tSGD\tintron\t152000\t152000\t.\t-\t.\tParent=YAL001C_mRNA;Name=YAL001C_intron
chrI\tSGD\tmRNA\t151166\t152232\t.\t-\t.\tID=YAL001C_mRNA;Name=YAL001C_mRNA;Parent=YAL001C
chrI\tSGD\ttRNA_gene\t166267\t166339\t.\t+\t.\tID=tP(UGG)A;Name=tP(UGG)A;gene=TRN1
chrI\tSGD\tnoncoding_exon\t166267\t166302\t.\t+\t.\tParent=tP(UGG)A_tRNA;Name=tP(UGG)A_noncoding_exon
chrI\tSGD\ttRNA\t166267\t166339\t.\t?\t.\tID=other;Parent=tP(UGG)A
###
##FASTA
>chrI
CCACACC\tno line
"""


def written(folder: Path, text: str, name: str = "a.gff3") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def spans(array: np.ndarray) -> list[tuple[int, int]]:
    return [tuple(span) for span in array.tolist()]


def test_gencode(tmp_path: Path):
    path = written(tmp_path, GENCODE)
    (one,) = gtf.transcripts(path)
    assert (one.name, one.gene, one.symbol) == ("ENST00000641515.2", "ENSG00000186092.7", "OR4F5")
    assert (one.kind, one.gene_kind, one.is_basic) == ("protein_coding", "protein_coding", True)
    assert (one.chrom, one.start, one.end, one.strand, one.tss) == ("chr1", 65418, 71585, "+", 65418)
    assert spans(one.exons) == [(65418, 65433), (65519, 65573), (69036, 71585)]
    assert spans(one.cds) == [(65564, 65573), (69036, 70008)]
    assert spans(one.utr5) == [(65418, 65433), (65519, 65564)]
    assert spans(one.utr3) == [(70008, 71585)]
    assert gtf.assemblies(path) == {"hg38"}
    assert len(annotation.read(path, None, "basic").transcripts) == 1


def test_ensembl(tmp_path: Path):
    (one,) = gtf.transcripts(written(tmp_path, ENSEMBL))
    assert (one.name, one.gene, one.symbol) == ("ENST00000832824", "ENSG00000290825", "DDX11L16")
    assert (one.kind, one.gene_kind, one.is_basic, one.chrom) == ("lncRNA", "lncRNA", True, "1")
    assert spans(one.exons) == [(11120, 11211), (12009, 12227)]
    assert (one.start, one.end) == (11120, 14413)


def test_refseq(tmp_path: Path):
    """Its sequences are named by their chromosomes; a transcript of a transcript is of the same gene; a coding
    sequence of the mitochondrion hangs on its gene."""
    found = gtf.transcripts(written(tmp_path, REFSEQ))
    assert [(item.name, item.gene, item.symbol, item.gene_kind, item.chrom) for item in found] == [
        ("NR_106918.1", "MIR6859-1", "MIR6859-1", "miRNA", "1"),
        ("MIR6859-1", "MIR6859-1", "MIR6859-1", "miRNA", "1"),
        ("NM_001005484.2", "OR4F5", "OR4F5", "protein_coding", "1"),
        ("ND1", "ND1", "ND1", "protein_coding", "MT"),
        ("X", "X", "X", "", "NT_187361.1"),
    ]
    assert (spans(found[2].utr5), spans(found[2].utr3)) == ([(65418, 65433)], [(70008, 71585)])
    assert spans(found[3].exons) == [(3306, 4262)]
    assert [gene.symbol for gene in gtf.genes(found)] == ["MIR6859-1", "OR4F5", "ND1", "X"]


def test_sgd(tmp_path: Path):
    """Parts before their transcript, no exons, a sequence at the end; a transcript without a line of its own."""
    found = gtf.transcripts(written(tmp_path, SGD))
    assert [(item.name, item.gene, item.symbol, item.strand) for item in found] == [
        ("YAL001C_mRNA", "YAL001C", "TFC3", "-"),
        ("tP(UGG)A_tRNA", "tP(UGG)A_tRNA", "tP(UGG)A_tRNA", "+"),
        ("other", "tP(UGG)A", "TRN1", "."),
    ]
    assert spans(found[0].exons) == [(151165, 151999), (152000, 152232)]
    assert spans(found[1].exons) == [(166266, 166302)]


def test_of_some_chromosomes(tmp_path: Path):
    path = written(tmp_path, REFSEQ)
    assert [item.name for item in gtf.transcripts(path, {"MT", "chrM"})] == ["ND1"]
    assert gtf.transcripts(path, {"chr9"}) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ID=a;Parent=b,c;Note=x%2Cy%3Bz", {"ID": ("a",), "Parent": ("b", "c"), "Note": ("x,y;z",)}),
        (" ID=a ; ;Name=", {"ID": ("a",), "Name": ("",)}),
        ("note=a=b", {"note": ("a=b",)}),
    ],
)
def test_attributes(text: str, found: dict):
    assert gtf.gff3.attributes(text) == found


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chr1\tX\texon\t11\t20\t.\t+\t.\tID=E1\n", "must have a Parent"),
        ("chr1\tX\texon\t11\t20\t.\t+\t.\tParent\n", "names and values with ="),
        ("chr1\tX\texon\t11\t20\t.\t+\tParent=T1\n", "must have 9 columns"),
        ('chr1\tX\texon\t11\t20\t.\t+\t.\tgene_id "G"\n', "names and values with ="),
    ],
)
def test_malformed_lines_are_named(tmp_path: Path, line: str, message: str):
    with pytest.raises(InputError, match=message) as error:
        gtf.transcripts(written(tmp_path, "##gff-version 3\n" + line))
    assert "a.gff3, line 2" in str(error.value)


def test_parents_in_a_circle(tmp_path: Path):
    text = "##gff-version 3\n" + "".join(
        f"chr1\tX\t{kind}\t11\t20\t.\t+\t.\tID={name};Parent={parent}\n"
        for kind, name, parent in (("mRNA", "A", "B"), ("mRNA", "B", "A"), ("exon", "E", "A"))
    )
    (one,) = gtf.transcripts(written(tmp_path, text))
    assert one.name == "A"


def test_without_a_first_line(tmp_path: Path):
    """By the attributes of the first feature."""
    (one,) = gtf.transcripts(written(tmp_path, GENCODE.partition("\n")[2]))
    assert one.symbol == "OR4F5"
