"""The market's words: its request's fields, and a face report in its body's names.

Scales: `spoofing` is the report's synthetic score as it is (0 real .. 1 synthetic, recommended threshold 0.00048) and
`liveness.livemapscore` the report's liveness as it is (0 attack .. 1 live, recommended threshold 0.3): both models are
calibrated to exactly these thresholds, so no map is needed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from facecore.report import Choice, Face, Report
from gatekeeper.request import FORM
from market.errors import BAD_IMAGE, OK, TOO_LARGE, UNREADABLE_FACE
from serving import base64text, forms
from serving.codes import Failure

MAX_IMAGE = 2 * 1024 * 1024
"""Bytes of base64 text, and of a photo behind a url."""
MAX_BODY = 8 * 1024 * 1024
"""Bytes of a request's body: room for the longest image with every sign of it escaped, and no more."""
MIN_FACE = 24
"""Pixels: a face whose box is narrower or lower can not be read."""
_NAMES = frozenset({b"image", b"url"})
_PARTS = {
    "left_eye": "left_eye",
    "right_eye": "right_eye",
    "mouth": "mouth",
    "nose": "nose",
    "chin_contour": "chin",
    "right_cheek": "right_cheek",
    "left_cheek": "left_cheek",
}


@dataclass(frozen=True, slots=True)
class Options:
    """Where the photo is: its base64 text, still encoded, or its address. One of the two is None."""

    image: bytes | None
    url: str | None
    form_text: bool


def read_options(query: bytes, content_type: str, body: bytes) -> Options:
    """Reads a request.

    Args:
        query: The url's query, as it was sent.
        content_type: The Content-Type header, empty when there is none (then the body is a form).
        body: The body, empty for a GET.

    Raises:
        Failure: BAD_IMAGE when neither or both are given, a name comes twice or the body can not be read; TOO_LARGE.
    """
    kind = content_type.partition(";")[0].strip().strip('"').lower()
    is_json = kind == "application/json" or kind.endswith("+json")
    try:
        fields = forms.pairs(query)
        if is_json and body:
            fields += _json_fields(body)
        elif kind in ("", FORM):
            fields += forms.pairs(body)
        given = {name: value for name, value in forms.single(fields, _NAMES).items() if value}
    except forms.Malformed:
        raise Failure(BAD_IMAGE) from None
    if len(given) != 1:
        raise Failure(BAD_IMAGE)
    if (url := given.get(b"url")) is not None:
        return Options(None, url.decode("utf-8", "replace"), form_text=False)
    image = base64text.strip_data_url(given[b"image"].lstrip())
    if len(image) > MAX_IMAGE:
        raise Failure(TOO_LARGE)
    return Options(image, None, form_text=not is_json)


def _json_fields(body: bytes) -> list[tuple[bytes, bytes]]:
    members = forms.parse_json(body)
    if not isinstance(members, dict):
        raise forms.Malformed("not an object")
    fields = []
    for name in ("image", "url"):
        value = members.get(name)
        if isinstance(value, str):
            fields.append((name.encode(), value.encode("utf-8", "replace")))
        elif value is not None:
            raise forms.Malformed("not a string")
    return fields


def decode_image(options: Options) -> bytes:
    """The photo's bytes out of its base64 text.

    Raises:
        Failure: BAD_IMAGE, it is not base64.
    """
    try:
        return base64text.decode(options.image or b"", plus_became_space=options.form_text)
    except ValueError:
        raise Failure(BAD_IMAGE) from None


def write_answer(report: Report) -> bytes:
    """The body for a report made with WANT, JSON in UTF-8.

    Raises:
        Failure: UNREADABLE_FACE, the face is too small.
    """
    face = report.faces[0]
    if min(face.box.width, face.box.height) < MIN_FACE:
        raise Failure(UNREADABLE_FACE)
    return forms.write_json({"code": OK.code, "desc": OK.message, "result": _result(face)})


def write_refusal(failure: Failure) -> bytes:
    """The body of a call that ends without a result, JSON in UTF-8."""
    return forms.write_json({"code": int(failure.code.code), "desc": failure.message})


def _result(face: Face) -> dict[str, Any]:
    assert face.quality is not None
    assert face.age is not None  # the report was made with WANT
    parts = face.quality.occlusion
    return {
        "age": round(face.age),
        "spoofing": _digits(face.synthetic),
        "liveness": {"livemapscore": _digits(face.liveness)},
        "gender": _probable(face.gender),
        "glasses": _probable(face.glasses),
        "face_type": _probable(face.face_type),
        "face_shape": _probable(face.face_shape),
        "expression": _probable(face.expression),
        "quality": {
            "completeness": face.quality.completeness,
            "illumination": round(face.quality.illumination),
            "blur": round(face.quality.blur, 4),
            "occlusion": {name: round(parts[part], 4) for name, part in _PARTS.items()},
        },
    }


def _probable(choice: Choice | None) -> dict[str, float | str]:
    assert choice is not None  # the report was made with WANT
    return {"probability": round(choice.probability, 4), "type": choice.type}


def _digits(score: float | None) -> float:
    """Ten significant digits, as many as the market's own answers show."""
    assert score is not None  # the report was made with WANT
    return float(f"{score:.10g}")
