"""Trains the committed deeper net on once more, with rectangles exchanged between faces, and publishes the mean.

``make train MODEL=synthetic.exchanged``. Half of the real and the generated faces hold a rectangle of another one; the
rest is as in ``synthetic.paired``, and so is what is published.
"""

from __future__ import annotations

from .net import stored
from .paired import gone_on
from .publish import publish
from .recipe import COMMITTED, EXCHANGED

SHARE = 0.5  # of the real and the generated faces hold a rectangle of another one
BEFORE = 0.7  # share of the weights of before in the mean

if __name__ == "__main__":
    print(publish([stored(0), gone_on(EXCHANGED, BEFORE, SHARE)], COMMITTED))
