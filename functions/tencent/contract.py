"""Tencent's words: livedetectpicture's request, and a face report as its score.

The score's scale: the document takes scores above 87 as live, says that most fall into [80, 100], and that 0 is common.
Scores are whole numbers, so `score` maps the calibrated liveness (0 attack .. 1 live) onto them piecewise linearly
through these knots, rounding down up to 87 and up above it:

    liveness  0    0.01   0.05   0.3   0.9   1
    score     0    0      80     87    95    100

A score is above 87 exactly when the liveness is above 0.3, the threshold at which one live face in a thousand is
refused; 80 is the threshold of one in ten thousand and 95 that of one in a hundred, so that most live faces get 95 and
more and nearly all get 80 and more; a liveness up to 0.01 is a clear attack and gets 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from facecore.report import Report
from serving import base64text, forms, multipart
from serving.codes import Failure
from tencent.errors import BAD_PARAMETER, NO_IMAGE, UNDECODABLE, UNJUDGEABLE

MAX_BODY = 6 * 1024 * 1024
"""Bytes of a request's body, and of a photo behind a url."""
MIN_FACE = 24
"""Pixels: a face whose box is narrower or lower can not be judged."""
LIVE = 0.3
"""The liveness that the score 87 stands for."""
_KNOTS = ((0.0, 0.0), (0.01, 0.0), (0.05, 80.0), (LIVE, 87.0), (0.9, 95.0), (1.0, 100.0))


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked about, and on whose behalf.

    Attributes:
        appid: The body's APPID, empty when it has none.
        url: The photo's address; None when the photo is in the body.
        image: The photo's bytes, or their base64 text.
        is_text: Whether `image` is base64 text.
    """

    appid: str
    url: str | None
    image: bytes
    is_text: bool = False


def read_options(content_type: str, body: bytes) -> Options:
    """Reads a request's body.

    Raises:
        Failure: BAD_PARAMETER when the body can not be read; NO_IMAGE when there is neither image nor url in it.
    """
    kind = content_type.partition(";")[0].strip().strip('"').lower()
    try:
        if kind == "application/json":
            options = _from_json(body)
        elif kind == "multipart/form-data":
            options = _from_parts(multipart.parse(body, multipart.boundary_of(content_type)))
        else:
            raise Failure(BAD_PARAMETER)
    except (forms.Malformed, UnicodeDecodeError):
        raise Failure(BAD_PARAMETER) from None
    if not options.url and not options.image:
        raise Failure(NO_IMAGE)
    return options


def _from_json(body: bytes) -> Options:
    members = forms.parse_json(body)
    if not isinstance(members, dict):
        raise forms.Malformed("not an object")
    fields: dict[str, str] = {}
    for name in ("appid", "url", "image"):
        value = members.get(name)
        if name == "appid" and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is None:
            value = ""
        if not isinstance(value, str):
            raise forms.Malformed("not a string")
        fields[name] = value
    image = fields["image"].encode("utf-8", "replace")
    return Options(fields["appid"], fields["url"].strip() or None, image, is_text=True)


def _from_parts(parts: list[multipart.Part]) -> Options:
    pairs = [(part.name.encode(), part.value) for part in parts]
    fields = forms.single(pairs, frozenset({b"appid", b"url", b"image"}))
    url = fields.get(b"url", b"").decode().strip()
    return Options(fields.get(b"appid", b"").decode().strip(), url or None, fields.get(b"image", b""))


def image_bytes(options: Options) -> bytes:
    """The photo's bytes, out of base64 where they came so.

    Raises:
        Failure: UNDECODABLE, the text is not base64; NO_IMAGE, it stands for nothing.
    """
    if not options.is_text:
        return options.image
    try:
        image = base64text.decode(base64text.strip_data_url(options.image))
    except ValueError:
        raise Failure(UNDECODABLE) from None
    if not image:
        raise Failure(NO_IMAGE)
    return image


def score(liveness: float) -> int:
    """The whole number from 0 to 100 for a calibrated liveness from 0 to 1; never falls as the liveness grows."""
    value = min(max(liveness, 0.0), 1.0)
    for (x0, y0), (x1, y1) in pairwise(_KNOTS):
        if value <= x1:
            exact = y0 + (y1 - y0) * (value - x0) / (x1 - x0)
            break
    return math.ceil(exact) if value > LIVE else math.floor(exact)


def write_answer(report: Report) -> bytes:
    """The body for a report made with WANT, JSON in UTF-8.

    Raises:
        Failure: UNJUDGEABLE, the face is too small.
    """
    face = report.faces[0]
    if min(face.box.width, face.box.height) < MIN_FACE:
        raise Failure(UNJUDGEABLE)
    assert face.liveness is not None  # the report was made with WANT
    return forms.write_json({"data": {"score": score(face.liveness)}, "code": 0, "message": "OK"})


def write_refusal(code: int, message: str) -> bytes:
    """The body of a call that ends without a score, JSON in UTF-8."""
    return forms.write_json({"code": code, "message": message})
