"""Packaging of chromatin-zoo."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent

setup(
    name="chromatin-zoo",
    version=re.search(r'__version__ = "(.+)"', (ROOT / "zoo/__init__.py").read_text())[1],
    description="Pretrained Keras 3 models of transcription-factor binding and chromatin accessibility",
    long_description=(ROOT / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=find_packages(include=["zoo", "zoo.*", "registry", "registry.*"]),
    package_data={
        "registry": ["families/*.json", "builtin/*/*/*"],
        "zoo": ["evaluate/report.*", "browse/browse.*", "browse/networks.json"],
    },
    install_requires=[
        "keras>=3.15.1",
        "tensorflow>=2.16",
        "numpy",
        "huggingface_hub>=2.4,<3",
        "scikit-learn",
        "h5py",
        "matplotlib",
        "pyyaml",
        "scipy",
        "tqdm",
    ],
    extras_require={
        "anndata": ["anndata"],
        "dask": ["distributed"],
        "docs": ["codespell", "furo", "myst-nb", "myst-parser", "sphinx>=8"],
        "pandas": ["pandas"],
        "zarr": ["zarr>=3,<4"],
        "parquet": ["pyarrow"],
        "motif": ["memelite", "modisco-lite>=3", "pandas"],
        "prepare": ["pysam"],
        "tfio": ["tensorflow>=2.16,<2.17", "tensorflow-io==0.37.1", "numpy<2"],  # its last release fits these only
        "torch": ["torch"],
        "test": [
            "anndata",
            "axe-playwright-python",
            "codespell",
            "distributed",
            "furo",
            "jax",
            "memelite",
            "modisco-lite>=3",
            "myst-nb",
            "myst-parser",
            "pandas",
            "playwright",  # drives the Chromium that is installed; none is downloaded
            "py2bit",
            "pyarrow",
            "pyBigWig",
            "pysam",
            "pytest",
            "pytest-timeout",
            "pytest-xdist",
            "ruff",
            "shap",
            "sphinx>=8",
            "zarr>=3,<4",
        ],
    },
    entry_points={"console_scripts": ["zoo=zoo.__main__:main"]},
    classifiers=[
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3",
        "Topic :: Scientific/Engineering :: Bio-Informatics",
    ],
)
