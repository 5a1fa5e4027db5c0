"""``make train MODEL=face.refine`` publishes the committed nets again, with a refinement fitted anew."""

from __future__ import annotations

from .publish import publish
from .recipe import ONWARD, RECIPE
from .task import stored

if __name__ == "__main__":
    print(publish([stored(0), stored(1)], [RECIPE, ONWARD]))
