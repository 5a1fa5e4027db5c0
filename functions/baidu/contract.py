"""Baidu's words: faceverify's request, and face reports in its result's names.

Scales: `face_liveness` and `liveness.livemapscore` are the report's liveness as it is (0 attack .. 1 live), and
`thresholds` are the three values of the liveness model's calibration below which 1e-4, 1e-3 and 1e-2 of live faces
are refused. Angles and landmarks are the report's: pitch up -, down +; yaw image left -, right +; roll anticlockwise -,
clockwise +; pixels of the upright photo.

The document's table spells one field `angel` and its sample `angle`; the service has always sent `angle`.
`option` is read and checked; COMMON and GATE are judged alike, as there is one model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from baidu.errors import (
    BAD_FACE_FIELD,
    BAD_FACE_TOKEN,
    BAD_IMAGE_TEXT,
    BAD_IMAGE_TYPE,
    BAD_PARAMETER,
    FACE_TOO_SMALL,
    IS_NULL,
    OK,
    TOO_LARGE,
    WRONG_COUNT,
)
from facecore.report import Choice, Face
from gatekeeper.request import FORM
from serving import base64text, forms
from serving.codes import Failure

MAX_BODY = 10 * 1024 * 1024
"""Bytes of a request's body."""
MAX_IMAGE = 2 * 1024 * 1024
"""Bytes of one photo's base64 text, and of a photo behind a URL."""
MIN_FACE = 24
"""Pixels: a face whose box is narrower or lower is refused."""
COUNTS = frozenset({1, 3, 8})
"""How many photos a call may hold."""

_FACE_TOKEN = re.compile(r"[0-9a-f]{32}")
_THRESHOLDS = ("frr_1e-4", "frr_1e-3", "frr_1e-2")


class ImageType(StrEnum):
    """Where a photo is."""

    BASE64 = "BASE64"
    URL = "URL"
    FACE_TOKEN = "FACE_TOKEN"


class FaceField(StrEnum):
    """What `face_field` may ask for."""

    AGE = "age"
    BEAUTY = "beauty"
    EXPRESSION = "expression"
    FACE_SHAPE = "face_shape"
    GENDER = "gender"
    GLASSES = "glasses"
    LANDMARK = "landmark"
    RACE = "race"
    QUALITY = "quality"
    FACE_TYPE = "face_type"


@dataclass(frozen=True, slots=True)
class Ask:
    """One photo of a request: its base64 text, url or token, and the fields to answer."""

    kind: ImageType
    value: str
    fields: frozenset[FaceField]


def read_request(content_type: str, body: bytes) -> list[Ask]:
    """Reads a request's body.

    Raises:
        Failure: The body or one of its members is not as the document says; the code says what.
    """
    if not body.strip():
        raise _is_null("image")
    kind = content_type.partition(";")[0].strip().strip('"').lower()
    # PHP's curl calls any body a form, that of the vendor's own PHP samples, too; it is read as JSON all the same.
    if kind not in ("", "application/json", "text/json", FORM):
        raise Failure(BAD_PARAMETER)
    try:
        items = forms.parse_json(body)
    except forms.Malformed:
        raise Failure(BAD_PARAMETER) from None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Failure(BAD_PARAMETER)
    if len(items) not in COUNTS:
        raise Failure(WRONG_COUNT)
    return [_ask(item) for item in items]


def _ask(item: Mapping[str, Any]) -> Ask:
    for name in ("image", "image_type"):
        if item.get(name) in (None, ""):
            raise _is_null(name)
    image, kind = item["image"], item["image_type"]
    if not isinstance(kind, str) or kind not in ImageType.__members__:
        raise Failure(BAD_IMAGE_TYPE)
    if not isinstance(image, str):
        raise Failure(BAD_IMAGE_TEXT)
    if item.get("option", "COMMON") not in ("COMMON", "GATE"):
        raise Failure(BAD_PARAMETER)
    ask = Ask(ImageType(kind), image, _fields(item.get("face_field")))
    if ask.kind is ImageType.FACE_TOKEN and not _FACE_TOKEN.fullmatch(image):
        raise Failure(BAD_FACE_TOKEN)
    return ask


def _fields(text: object) -> frozenset[FaceField]:
    if text is None:
        return frozenset()
    if not isinstance(text, str):
        raise Failure(BAD_FACE_FIELD)
    try:
        return frozenset(FaceField(name.strip()) for name in text.split(",") if name.strip())
    except ValueError:
        raise Failure(BAD_FACE_FIELD) from None


def _is_null(name: str) -> Failure:
    return Failure(IS_NULL, IS_NULL.message.format(name))


def decode_image(text: str) -> bytes:
    """A photo's bytes out of its base64 text, percent-encoded or not, as the document wants it encoded.

    Raises:
        Failure: BAD_IMAGE_TEXT, it is not base64; TOO_LARGE, it is longer than `MAX_IMAGE` without what encodes it.
    """
    data = text.encode("utf-8", "replace")
    try:
        if b"%" in data:
            data = forms.unquote(data.replace(b"+", b"%2B"))
        if len(data) > MAX_IMAGE and len(b"".join(data.split())) > MAX_IMAGE:
            raise Failure(TOO_LARGE)
        image = base64text.decode(data)
    except ValueError:
        raise Failure(BAD_IMAGE_TEXT) from None
    if not image:
        raise Failure(BAD_IMAGE_TEXT)
    return image


def check_face(face: Face) -> None:
    """Refuses a face that is too small.

    Raises:
        Failure: FACE_TOO_SMALL.
    """
    if min(face.box.width, face.box.height) < MIN_FACE:
        raise Failure(FACE_TOO_SMALL)


def write_result(
    asks: Sequence[Ask], faces: Sequence[tuple[str, Face]], thresholds: Mapping[str, float]
) -> dict[str, Any]:
    """The result for a request's photos.

    Args:
        asks: What was asked.
        faces: For each of them its face token and its face, of a report made with WANT.
        thresholds: The liveness model's, by the vendor's names: frr_1e-4, frr_1e-3, frr_1e-2.

    Raises:
        KeyError: A threshold is missing.
    """
    items = [write_face(token, face, ask.fields) for ask, (token, face) in zip(asks, faces, strict=True)]
    best = max(item["liveness"]["livemapscore"] for item in items)
    told = {name: thresholds[name] for name in _THRESHOLDS}
    return {"thresholds": told, "face_liveness": best, "face_list": items}


def write_answer(result: Mapping[str, Any], log_id: int, timestamp: int, bare: bool) -> bytes:
    """The body of an answered call, JSON in UTF-8: in the envelope, or the bare result of the document's sample."""
    return forms.write_json(result if bare else _envelope(int(OK.code), OK.message, log_id, timestamp, result))


def write_error(failure: Failure, log_id: int, timestamp: int) -> bytes:
    """The body of a call that ends with an error of the API, JSON in UTF-8."""
    return forms.write_json(_envelope(int(failure.code.code), failure.message, log_id, timestamp, None))


def _envelope(code: int, message: str, log_id: int, timestamp: int, result: object) -> dict[str, Any]:
    told = {"error_code": code, "error_msg": message, "log_id": log_id, "timestamp": timestamp}
    return told | {"cached": 0, "result": result}


def write_platform_error(code: int, message: str) -> bytes:
    """The body of a call that ends with an error of the platform, JSON in UTF-8."""
    return forms.write_json({"error_code": code, "error_msg": message})


def write_face(token: str, face: Face, fields: frozenset[FaceField]) -> dict[str, Any]:
    """One photo's entry of `face_list`."""
    assert face.pose is not None
    assert face.liveness is not None  # the report was made with WANT
    box = face.box
    item: dict[str, Any] = {
        "face_token": token,
        "location": {
            "left": _round(box.left),
            "top": _round(box.top),
            "width": _round(box.width),
            "height": _round(box.height),
            "rotation": round(box.rotation),
        },
        "face_probability": _round(face.probability),
        "angle": {name: _round(getattr(face.pose, name)) for name in ("yaw", "pitch", "roll")},
        "liveness": {"livemapscore": float(f"{face.liveness:.10g}")},
    }
    for field in FaceField:
        if field in fields:
            item |= _field(face, field)
    return item


def _field(face: Face, field: FaceField) -> dict[str, Any]:
    if field is FaceField.LANDMARK:
        return _landmarks(face)
    if field is FaceField.QUALITY:
        assert face.quality is not None  # the report was made with WANT
        quality = face.quality
        return {
            "quality": {
                "occlusion": {part: _round(covered) for part, covered in quality.occlusion.items()},
                "blur": _round(quality.blur),
                "illumination": _round(quality.illumination),
                "completeness": quality.completeness,
            }
        }
    value: float | Choice = getattr(face, field.value)
    if isinstance(value, Choice):
        return {field.value: {"type": value.type, "probability": _round(value.probability)}}
    return {field.value: _round(value)}


def _landmarks(face: Face) -> dict[str, Any]:
    assert face.landmarks is not None  # the report was made with WANT
    points = face.landmarks
    mouth = points[58:72]
    middle = (sum(x for x, _ in mouth) / len(mouth), sum(y for _, y in mouth) / len(mouth))
    four = (points[21], points[38], points[57], middle)
    return {
        "landmark": [{"x": _round(x), "y": _round(y)} for x, y in four],
        "landmark72": [{"x": _round(x), "y": _round(y)} for x, y in points],
    }


def _round(value: float) -> float:
    return round(float(value), 4)
