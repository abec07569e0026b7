"""Other systems' files, already verified, turned into model folders of ours. One importer for each system.

An importer is a module, or any object, with what `zoo.porting.protocol.Importer` lists. The index of a family names the
one that converts its release. Importers of other packages come by the entry point `chromatin_zoo.porters` of an
installed package, which is loaded when its name is first asked for.
"""

import importlib

from zoo import lazy, plugins
from zoo.errors import InputError
from zoo.porting.protocol import Importer

IMPORTERS = ("asap", "maxatac", "factornet", "deepgrn", "leopard", "borzoi", "basset")
GROUP = "chromatin_zoo.porters"  # of entry points: an importer's name = "package.module", or "package.module:object"
_PARTS = ("FILES", "spec_of", "convert", "training", "original")


def find(name: str | None, where: object = None) -> Importer:
    """The importer of a name.

    Args:
        name: one of `IMPORTERS`, or one that an installed package offers.
        where: what asks for it, for the message.

    Raises:
        InputError: there is none; the message lists the known ones.
    """
    if name in IMPORTERS:
        return importlib.import_module(f"zoo.porting.{name}")
    found = plugins.find(GROUP, name, _check) if isinstance(name, str) else None
    if found is None:
        raise InputError(
            f"The importer of a family must be one of {', '.join(IMPORTERS)}, or one of an installed package",
            where=where,
            received={"porting": name},
        )
    return found


def _check(importer: object) -> None:
    if missing := [part for part in _PARTS if not hasattr(importer, part)]:
        raise InputError(f"An importer must have {', '.join(_PARTS)}", received={"missing": missing})


__getattr__, __dir__ = lazy.submodules(__name__)
