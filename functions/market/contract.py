"""The market's words: its request's fields, and a face report in its body's names.

Scales: `spoofing` is the report's synthetic score as it is (0 real .. 1 synthetic, recommended threshold 0.00048) and
`liveness.livemapscore` the report's liveness as it is (0 attack .. 1 live, recommended threshold 0.3): both models are
calibrated to exactly these thresholds, so no map is needed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel
from pydantic import Field as Spec

from facecore.report import Choice, Face, Field, Report
from market.errors import BAD_IMAGE, OK, TOO_LARGE, UNREADABLE_FACE
from serving import base64text, forms
from serving.codes import Failure

MAX_IMAGE = 2 * 1024 * 1024
"""Bytes of base64 text, and of a photo behind a url."""
MAX_BODY = 8 * 1024 * 1024
"""Bytes of a request's body: room for the longest image with every sign of it escaped, and no more."""
MIN_FACE = 24
"""Pixels: a face whose box is narrower or lower can not be read."""
WANT = frozenset(
    {
        Field.AGE,
        Field.SYNTHETIC,
        Field.LIVENESS,
        Field.GENDER,
        Field.GLASSES,
        Field.FACE_TYPE,
        Field.FACE_SHAPE,
        Field.EXPRESSION,
        Field.QUALITY,
    }
)
"""What the body needs of a face."""
_NAMES = frozenset({b"image", b"url"})


class LivenessRequest(BaseModel):
    """What a caller sends in the query or in the body: one of the two."""

    image: str | None = Spec(
        None,
        description="The photo (JPEG, PNG or BMP) in base64, at most 2 MB of text; a data url's head may be on it.",
    )
    url: str | None = Spec(None, description="A public http or https address of the photo, at most 2 MB.")


class _Probable(BaseModel):
    probability: float = Spec(ge=0, le=1, description="How sure the type is.")


class Gender(_Probable):
    """The more probable gender."""

    type: Literal["male", "female"]


class Glasses(_Probable):
    """No glasses, common ones, or sunglasses."""

    type: Literal["none", "common", "sun"]


class FaceType(_Probable):
    """A real face or a drawn one."""

    type: Literal["human", "cartoon"]


class FaceShape(_Probable):
    """The outline of the face."""

    type: Literal["square", "triangle", "oval", "heart", "round"]


class Expression(_Probable):
    """No smile, a smile, a laugh."""

    type: Literal["none", "smile", "laugh"]


class Liveness(BaseModel):
    """The liveness score."""

    livemapscore: float = Spec(ge=0, le=1, description="0 attack .. 1 live; above 0.3 is advised to be taken as live.")


class Occlusion(BaseModel):
    """0 free .. 1 covered. Left and right are the subject's."""

    left_eye: float = Spec(ge=0, le=1, description="Advised limit 0.6.")
    right_eye: float = Spec(ge=0, le=1, description="Advised limit 0.6.")
    mouth: float = Spec(ge=0, le=1, description="Advised limit 0.7.")
    nose: float = Spec(ge=0, le=1, description="Advised limit 0.7.")
    chin_contour: float = Spec(ge=0, le=1, description="Advised limit 0.6.")
    right_cheek: float = Spec(ge=0, le=1, description="Advised limit 0.8.")
    left_cheek: float = Spec(ge=0, le=1, description="Advised limit 0.8.")


class Quality(BaseModel):
    """How usable the face is."""

    completeness: Literal[0, 1] = Spec(description="1 inside the image, 0 over its border.")
    illumination: int = Spec(ge=0, le=255, description="Mean luma of the face; above 40 is advised.")
    blur: float = Spec(ge=0, le=1, description="0 sharp .. 1 blurred; below 0.7 is advised.")
    occlusion: Occlusion


class Result(BaseModel):
    """The largest face of the photo."""

    age: int = Spec(ge=0, le=120, description="Years.")
    spoofing: float = Spec(ge=0, le=1, description="Above 0.00048 is advised to be taken as synthetic.")
    liveness: Liveness
    gender: Gender
    glasses: Glasses
    face_type: FaceType
    face_shape: FaceShape
    expression: Expression
    quality: Quality


class Answer(BaseModel):
    """The body of an answered call."""

    code: Literal[0] = 0
    desc: str = OK.message
    result: Result


class Refusal(BaseModel):
    """The body of a call that ends without a result."""

    code: int
    desc: str


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
        elif kind in ("", "application/x-www-form-urlencoded"):
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
    return Answer(result=_result(face)).model_dump_json().encode()


def write_refusal(failure: Failure) -> bytes:
    """The body of a call that ends without a result, JSON in UTF-8."""
    return Refusal(code=int(failure.code.code), desc=failure.message).model_dump_json().encode()


def _result(face: Face) -> Result:
    assert face.quality is not None
    assert face.age is not None  # the report was made with WANT
    parts = face.quality.occlusion
    return Result.model_validate(
        {
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
                "occlusion": {
                    name: round(parts["chin" if name == "chin_contour" else name], 4) for name in Occlusion.model_fields
                },
            },
        }
    )


def _probable(choice: Choice | None) -> dict[str, float | str]:
    assert choice is not None  # the report was made with WANT
    return {"probability": round(choice.probability, 4), "type": choice.type}


def _digits(score: float | None) -> float:
    """Ten significant digits, as many as the market's own answers show."""
    assert score is not None  # the report was made with WANT
    return float(f"{score:.10g}")
