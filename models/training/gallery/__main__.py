"""``python -m training.gallery``: asks the committed models about the hard photos and writes the cards' galleries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

from facecore import Analyzer, NoFace

from ..common.packs import MODELS
from .cases import GALLERIES, Case, Gallery
from .sheet import Judged, sheet

FOLDER = MODELS / "cards" / "pictures"
RESULTS = "failures.json"
QUALITY = 76  # of WebP


def picture_of(model: str) -> str:
    """The file name of a model's gallery."""
    return f"{model}-failures.webp"


def look(analyzer: Analyzer, gallery: Gallery) -> Iterator[Judged]:
    """Asks facecore about every photo of a gallery."""
    for case in tqdm(list(gallery.cases()), desc=gallery.model, disable=None):
        yield _judged(analyzer, gallery, case)


def _judged(analyzer: Analyzer, gallery: Gallery, case: Case) -> Judged:
    try:
        faces = analyzer.analyse_image(case.shot.image, gallery.want).faces
    except NoFace:
        faces = ()
    said, right = case.judge(faces, case.shot)
    return Judged(case, faces, said, right)


def main(folder: Path = FOLDER) -> None:
    """Writes a picture for every model, and what was said as JSON beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    analyzer = Analyzer(MODELS)
    told: dict[str, Any] = {"models": {entry.name: entry.sha256 for entry in analyzer.registry.entries()}}
    told["galleries"] = {}
    for gallery in GALLERIES:
        rows = list(look(analyzer, gallery))
        sheet(gallery.model, rows, gallery.zoom).save(folder / picture_of(gallery.model), quality=QUALITY, method=6)
        told["galleries"][gallery.model] = [
            {"photo": row.case.name, "expected": row.case.expected, "said": row.said, "right": row.right}
            for row in rows
        ]
        print(f"{gallery.model}: {sum(row.right for row in rows)} of {len(rows)} as expected")
    (folder / RESULTS).write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
