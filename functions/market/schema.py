"""The market's request and bodies as models, for its OpenAPI page; `market.contract` reads and writes them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel
from pydantic import Field as Spec

from market.errors import OK


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
