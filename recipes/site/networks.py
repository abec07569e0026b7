"""Write `zoo/browse/networks.json`: the layers of every network that is built from its name, as the model browser draws
them, so that `zoo browse` needs no TensorFlow.

Usage: python recipes/site/networks.py [NETWORK …]
"""

import argparse
import json
from pathlib import Path

from zoo import architectures, browse
from zoo.browse import layers
from zoo.console import recipe

MADE_OF_OTHERS = ("ensemble", "committee")  # drawn as their members are


def main(names: list[str]) -> None:
    """Describe networks with their default arguments, one after the other, and keep what the file has of others."""
    path = Path(browse.__file__).parent / "networks.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for name in names:
        network = architectures.build(name)
        known[name] = {"parameters": network.count_params(), "rows": layers.rows_of(network)}
        lines = (f"{json.dumps(key)}: {json.dumps(known[key], ensure_ascii=False)}" for key in sorted(known))
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        print(f"{name}: {len(known[name]['rows'])} rows")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Describe networks for the model browser.")
    parser.add_argument("networks", nargs="*", help="names (default all)")
    every = [name for name in architectures.ARCHITECTURES if name not in MADE_OF_OTHERS]
    recipe.run("networks", main, parser.parse_args().networks or every)
