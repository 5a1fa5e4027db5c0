"""Baidu's error table for faceverify v3, complete, and the token route's.

Every API error travels with HTTP 200. The platform's codes (1 to 111) are sent as `error_code` and `error_msg` alone,
as its gateway does; the API's codes come in the whole envelope. The words of the codes that access is refused with are
gatekeeper's; here is what causes each.
"""

from __future__ import annotations

from facecore.errors import CorruptImage, ImageTooLarge, ModelError, NoFace, UnsupportedFormat
from gatekeeper import LedgerUnavailable
from gatekeeper.refusals import BAIDU
from gatekeeper.request import Crowded
from serving.body import BodyTimeout, BodyTooLarge
from serving.codes import Code, table
from serving.fetch import FetchError, FetchTooLarge
from serving.pool import Overloaded

OK = Code(0, "SUCCESS", "The photos were answered.", billable=True)
UNKNOWN = Code(1, "Unknown error", "A failure of this service that was not foreseen.")
UNAVAILABLE = Code(
    2,
    "Service temporarily unavailable",
    "The ledger does not answer, no authorizer's verdict came along, or a body did not arrive in time or its "
    "caller hung up.",
)
WRONG_METHOD = Code(3, "Unsupported openapi method", "Not a POST to the API's path.")
BAD_PARAMETER = Code(
    100,
    "Invalid parameter",
    "The body is not a JSON array of objects in UTF-8, has a `Content-Type` of another kind (a form's is let pass), "
    "names a member twice, has more than 256 brackets or 4096 commas, or an `option` that is neither COMMON nor GATE; "
    "or the query has more than 256 parameters.",
)
IS_NULL = Code(222001, "param[{}] is null", "The body is empty, or an `image` or `image_type` is missing or empty.")
BAD_IMAGE_TEXT = Code(
    222013, "param[image] format error", "`image` is not text, or not base64 (a data url's head is not)."
)
BAD_IMAGE_TYPE = Code(222015, "param[image_type] format error", "`image_type` is none of BASE64, URL and FACE_TOKEN.")
BAD_FACE_FIELD = Code(222017, "param[face_field] format error", "`face_field` is not text or names an unknown field.")
BAD_FACE_TOKEN = Code(222025, "param[face_token] format error", "A FACE_TOKEN that is not 32 hexadecimal digits.")
NO_FACE = Code(222202, "pic not has face", "One of the photos is sound and shows no face.")
BAD_IMAGE = Code(222203, "image check fail", "The bytes are not a whole JPEG, PNG or BMP (GIF is refused).")
DOWNLOAD_FAILED = Code(
    222204,
    "image_url_download_fail",
    "A URL is malformed, not on the public internet, or its server does not answer with a body in time.",
)
WRONG_COUNT = Code(222208, "the number of image is incorrect", "The array does not hold 1, 3 or 8 photos.")
UNKNOWN_TOKEN = Code(222209, "face token not exist", "This client showed no photo of this FACE_TOKEN lately.")
FACE_TOO_SMALL = Code(222213, "face size is too small", "The largest face of a photo is under 24 pixels wide or high.")
TOO_LARGE = Code(
    222304,
    "image size is too large",
    "Base64 text or a body behind a URL over 2 MB, a request over 10 MB, or a photo with more pixels than the cap.",
)
BUSY = Code(222361, "system busy", "Overload, or a model file that is missing or altered.")

_ACCESS_CAUSES = {
    "4": "The ledger is over its own limits.",
    "6": "The client is suspended or has ended.",
    "13": "The secret key behind a header signature (bce-auth-v1) can not be opened.",
    "14": "The header signature (bce-auth-v1) is wrong, expired or unknown.",
    "15": "The client is disabled.",
    "17": "More calls in a day than the client has.",
    "18": "More calls in a second than the client has.",
    "19": "More calls in all than the client has.",
    "110": "No access token, or one that this service did not make, or that was revoked.",
    "111": "The access token's 30 days are over.",
}
_GROUP = "It concerns a face library; this API keeps none."
_QUALITY = "This API has no quality or liveness control; the numbers are in the answer."
_SYSTEM = "The vendor's inner systems; this service sends 222361."

API_CODES = table(
    (
        OK,
        IS_NULL,
        BAD_IMAGE_TEXT,
        BAD_IMAGE_TYPE,
        BAD_FACE_FIELD,
        BAD_FACE_TOKEN,
        Code(222201, "network not available", never=_SYSTEM),
        NO_FACE,
        BAD_IMAGE,
        DOWNLOAD_FAILED,
        Code(222205, "network not availablel", never=_SYSTEM),
        Code(222206, "rtse service return fail", never=_SYSTEM),
        WRONG_COUNT,
        UNKNOWN_TOKEN,
        FACE_TOO_SMALL,
        Code(222214, "face are cartoon images", never="A drawn face is answered; `face_type` tells."),
        Code(222300, "add face fail", never=_GROUP),
        Code(222301, "get face fail", never=_GROUP),
        Code(222302, "system error", never=_SYSTEM),
        Code(222303, "get face fail", never=_GROUP),
        TOO_LARGE,
        Code(222309, "image size is too small", never="A small photo is answered, or its face is too small (222213)."),
        BUSY,
        *(Code(code, "system busy", never=_SYSTEM) for code in range(222901, 222917)),
        Code(223113, "face is covered", never=_QUALITY),
        Code(223114, "face is fuzzy", never=_QUALITY),
        Code(223115, "face light is not good", never=_QUALITY),
        Code(223116, "incomplete face", never=_QUALITY),
        Code(223118, "quality control error", never=_QUALITY),
        Code(223119, "liveness control item error", never=_QUALITY),
        Code(223120, "liveness check fail", never=_QUALITY),
    )
)
"""What the envelope's `error_code` may be."""

PLATFORM_CODES = table(
    (
        UNKNOWN,
        UNAVAILABLE,
        WRONG_METHOD,
        BAD_PARAMETER,
        *(Code(int(code), BAIDU[code].text, cause) for code, cause in _ACCESS_CAUSES.items()),
    )
)
"""What is sent as `error_code` and `error_msg` alone."""

TOKEN_CODES = table(
    (
        Code("unknown client id", "invalid_client", "The API key is unknown or ended.", status=401),
        Code(
            "Client authentication failed",
            "invalid_client",
            "The secret key is wrong, or the client off.",
            status=401,
        ),
        Code(
            "The authorization grant type is not supported",
            "unsupported_grant_type",
            "`grant_type` is neither client_credentials nor refresh_token.",
            status=400,
        ),
        Code("The request parameter {name} is missing", "invalid_request", "As it says.", status=400),
        Code(
            "The request parameter {name} is repeated",
            "invalid_request",
            "It comes twice and differs.",
            status=400,
        ),
        Code(
            "The request can not be read",
            "invalid_request",
            "A body over 64 KB, too slow or no form.",
            status=400,
        ),
        Code("Invalid refresh token", "invalid_grant", "It is forged, another's, expired or revoked.", status=400),
        Code("Service temporarily unavailable", "temporarily_unavailable", "The ledger does not answer.", status=503),
    )
)
"""What the token route refuses with: `error_description` and `error`."""

CAUSES: dict[type[Exception], Code] = {
    UnsupportedFormat: BAD_IMAGE,
    CorruptImage: BAD_IMAGE,
    ImageTooLarge: TOO_LARGE,
    NoFace: NO_FACE,
    ModelError: BUSY,
    Overloaded: BUSY,
    LedgerUnavailable: UNAVAILABLE,
    FetchTooLarge: TOO_LARGE,
    FetchError: DOWNLOAD_FAILED,
    Crowded: BAD_PARAMETER,
    BodyTooLarge: TOO_LARGE,
    BodyTimeout: UNAVAILABLE,
    Exception: UNKNOWN,
}
"""The code for each kind of error that a call may meet."""
