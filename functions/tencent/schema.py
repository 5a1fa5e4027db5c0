"""livedetectpicture's requests and bodies as models, for its OpenAPI page; `tencent.contract` reads and writes them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel
from pydantic import Field as Spec


class LiveDetectRequest(BaseModel):
    """A JSON body. The url is used when both come."""

    appid: str | int | None = Spec(None, description="The APPID; it must be the signature's.")
    url: str | None = Spec(None, description="A public http or https address of the photo, at most 6 MB.")
    image: str | None = Spec(None, description="The photo (JPEG, PNG or BMP; no GIF) in base64.")


class LiveDetectForm(BaseModel):
    """A multipart body; its fields may come with or without a filename."""

    appid: str | None = Spec(None, description="The APPID; it must be the signature's.")
    url: str | None = Spec(None, description="A public http or https address of the photo, at most 6 MB.")
    image: bytes | None = Spec(
        None, description="The photo (JPEG, PNG or BMP; no GIF).", json_schema_extra={"format": "binary"}
    )


class Score(BaseModel):
    """The judgement."""

    score: int = Spec(ge=0, le=100, description="Above 87 is advised to be taken as live.")


class Answer(BaseModel):
    """The body of an answered call."""

    data: Score
    code: Literal[0] = 0
    message: Literal["OK"] = "OK"


class Refusal(BaseModel):
    """The body of a call that ends without a score."""

    code: int
    message: str
