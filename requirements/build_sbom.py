"""Writes requirements/sbom.json, a CycloneDX list of what runs beside this project's own code, out of the pinned files.

python requirements/build_sbom.py            write it
python requirements/build_sbom.py --check    only say whether it is as it should be; 1 when it is not

A component is a pinned package, its hashes are those that an installation is held to (one for each wheel and source
archive), and ``facegate:in`` names the files of this folder that pin it. Source: CycloneDX 1.6.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TARGET = HERE / "sbom.json"
FILES = ("functions", "access", "standalone", "lambda")
"""What the functions' images, the authorizers, the standalone server and Lambda's runtime hold."""
_PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?: ; (?P<marker>[^\\]+?))? \\\n")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def pins(text: str) -> Iterator[tuple[str, str, str, list[str]]]:
    """(name, version, marker, hashes) of every pin of a requirements file."""
    found = list(_PIN.finditer(text))
    for at, match in enumerate(found):
        end = found[at + 1].start() if at + 1 < len(found) else len(text)
        yield match["name"], match["version"], match["marker"] or "", _HASH.findall(text[match.end() : end])


def bom() -> dict[str, Any]:
    """The whole document; the same for the same pins."""
    components: dict[str, dict[str, Any]] = {}
    for file in FILES:
        for name, version, marker, hashes in pins((HERE / f"{file}.txt").read_text(encoding="utf-8")):
            purl = f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{version}"
            component = components.setdefault(
                purl,
                {
                    "type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl,
                    "hashes": [{"alg": "SHA-256", "content": each} for each in sorted(hashes)],
                    "properties": [],
                },
            )  # fmt: skip
            component["properties"].append({"name": "facegate:in", "value": f"{file}.txt"})
            if marker and {"name": "facegate:marker", "value": marker} not in component["properties"]:
                component["properties"].append({"name": "facegate:marker", "value": marker})
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = {"type": "application", "bom-ref": "facegate", "name": project["name"], "version": project["version"]}
    listed = [components[purl] for purl in sorted(components)]
    name = json.dumps([own, listed], sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, name)}",
        "version": 1,
        "metadata": {"component": own},
        "components": listed,
    }


def main() -> int:
    """Writes or checks; 1 when the file is not as it should be."""
    text = json.dumps(bom(), indent=1) + "\n"
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
        sys.stderr.write("requirements/sbom.json is not what the pinned files say: make sbom\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
