"""The bodies of Baidu's requests and answers as models, for its OpenAPI page; `baidu.contract` writes them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, RootModel
from pydantic import Field as Spec

from baidu.contract import FaceField, ImageType


class Image(BaseModel):
    """One photo of a call."""

    image: str = Spec(
        description="Base64 of a JPEG, PNG or BMP without a data url's head, at most 2 MB; or a url; or a face token."
    )
    image_type: ImageType
    face_field: str = Spec("", description=f"Separated by commas: {', '.join(FaceField)}.")
    option: Literal["COMMON", "GATE"] = "COMMON"


class VerifyRequest(RootModel[Annotated[list[Image], Spec(min_length=1, max_length=8)]]):
    """1, 3 or 8 photos of one person."""


class Location(BaseModel):
    """The face's place in pixels of the upright photo."""

    left: float
    top: float
    width: float
    height: float
    rotation: int = Spec(ge=-180, le=180, description="Degrees, clockwise.")


class Angle(BaseModel):
    """Degrees."""

    yaw: float = Spec(ge=-90, le=90, description="Left -, right +.")
    pitch: float = Spec(ge=-90, le=90, description="Up -, down +.")
    roll: float = Spec(ge=-180, le=180, description="Anticlockwise -, clockwise +.")


class Liveness(BaseModel):
    """One photo's liveness."""

    livemapscore: float = Spec(ge=0, le=1)


class Probable(BaseModel):
    """The most probable class, and how probable it is."""

    type: str
    probability: float = Spec(ge=0, le=1)


class Point(BaseModel):
    """Pixels of the upright photo."""

    x: float
    y: float


class Occlusion(BaseModel):
    """0 free .. 1 covered. Left and right are the subject's."""

    left_eye: float
    right_eye: float
    nose: float
    mouth: float
    left_cheek: float
    right_cheek: float
    chin: float


class Quality(BaseModel):
    """How usable the face is."""

    occlusion: Occlusion
    blur: float = Spec(ge=0, le=1, description="0 sharp .. 1 blurred.")
    illumination: float = Spec(ge=0, le=255)
    completeness: Literal[0, 1] = Spec(description="1 inside the photo, 0 over its border.")


class FaceItem(BaseModel):
    """The largest face of one photo; the fields after `liveness` only when `face_field` asks for them."""

    face_token: str = Spec(pattern="^[0-9a-f]{32}$")
    location: Location
    face_probability: float = Spec(ge=0, le=1)
    angle: Angle
    liveness: Liveness
    age: float | None = None
    beauty: float | None = Spec(None, ge=0, le=100)
    expression: Probable | None = Spec(None, description="none, smile, laugh.")
    face_shape: Probable | None = Spec(None, description="square, triangle, oval, heart, round.")
    gender: Probable | None = Spec(None, description="male, female.")
    glasses: Probable | None = Spec(None, description="none, common, sun.")
    landmark: list[Point] | None = Spec(None, description="Image left eye, image right eye, nose tip, mouth.")
    landmark72: list[Point] | None = None
    race: Probable | None = Spec(None, description="yellow, white, black, arabs.")
    quality: Quality | None = None
    face_type: Probable | None = Spec(None, description="human, cartoon.")


class Thresholds(BaseModel):
    """The liveness below which that share of live faces is refused."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    frr_1e_4: float = Spec(alias="frr_1e-4")
    frr_1e_3: float = Spec(alias="frr_1e-3")
    frr_1e_2: float = Spec(alias="frr_1e-2")


class Result(BaseModel):
    """The judgement of one call: the best photo's liveness, and every photo's face. The whole body in bare form."""

    thresholds: Thresholds
    face_liveness: float = Spec(ge=0, le=1)
    face_list: list[FaceItem]


class Envelope(BaseModel):
    """The body of an answered call, and of one that ends with an error of the API."""

    error_code: int
    error_msg: str
    log_id: int
    timestamp: int
    cached: int = 0
    result: Result | None


class PlatformError(BaseModel):
    """The body of a call that ends with an error of the platform."""

    error_code: int
    error_msg: str


class TokenRequest(BaseModel):
    """What the token route is asked for."""

    grant_type: Literal["client_credentials", "refresh_token"]
    client_id: str = Spec(description="The API key.")
    client_secret: str = Spec(description="The secret key.")
    refresh_token: str | None = Spec(None, description="With grant_type refresh_token: the token to trade in.")


class TokenAnswer(BaseModel):
    """What the token route grants."""

    refresh_token: str
    expires_in: int
    scope: str
    session_key: str
    access_token: str
    session_secret: str


class TokenRefusal(BaseModel):
    """What the token route refuses with."""

    error_description: str
    error: str
