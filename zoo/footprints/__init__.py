"""Footprints of bound proteins in cut sites of Tn5 (TOBIAS: Bentsen et al. 2020, Nat Commun 11: 4267)."""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)
