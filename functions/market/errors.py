"""The market's error tables: the API's own codes, and those of the gateway in front of it.

Sources: the API's document (codes 0 to 5 and 96, sent with status 200 in a body) and Alibaba Cloud API Gateway's error
code table (sent with an empty body and X-Ca-* headers). The words of the codes that access is refused with are
gatekeeper's; here is what causes each.
"""

from __future__ import annotations

from facecore.errors import CorruptImage, ImageTooLarge, NoFace, UnsupportedFormat
from gatekeeper.refusals import MARKET
from gatekeeper.request import Crowded
from serving.body import BodyTimeout, BodyTooLarge
from serving.codes import Code, table
from serving.fetch import FetchError, FetchTooLarge

OK = Code(0, "成功", "The photo was answered.", billable=True)
BAD_IMAGE = Code(
    1,
    "图像格式错误",
    "No photo can be read: neither or both of `image` and `url`, a field that comes twice, more than 256 fields, a "
    "body that is not what its type says, text that is not base64, or bytes that are not a whole JPEG, PNG or BMP.",
)
NO_FACE = Code(2, "图片中没有人脸", "The photo is sound and shows no face.")
UNREADABLE_FACE = Code(3, "无法解析人脸", "The largest face is under 24 pixels wide or high.")
DOWNLOAD_FAILED = Code(
    4,
    "URL 下载图片失败",
    "The `url` is malformed, not on the public internet, or its server does not answer with a body in time.",
)
TOO_LARGE = Code(
    5,
    "照片质量不合格，请重新上传（图片太大，不要超过 2M）",
    "The base64 text or the body behind the `url` is over 2 MB, or the photo has more pixels than the cap.",
)
FAILED = Code(96, "交易失败，请稍后重试", "A failure of this service: overload, a model file, anything unforeseen.")

CODES = table((OK, BAD_IMAGE, NO_FACE, UNREADABLE_FACE, DOWNLOAD_FAILED, TOO_LARGE, FAILED))
"""What a body's `code` may be."""

BODY_TOO_LARGE = Code("I413RL", "Request body too Large", "The body is over 8 MB.", status=413)
WRONG_METHOD = Code("I405UM", "Unsupported Method `{Method}`", "Neither GET nor POST.", status=405)
UNKNOWN_PATH = Code("I404NF", "API not found `{Path}`", "Another path than the API's.", status=404)
BACKEND_TIMEOUT = Code(
    "D504TO",
    "Backend service request timeout",
    "The body did not arrive in time, or its caller hung up.",
    status=504,
)

_ACCESS_CAUSES = {
    "A400AC": "The AppCode is unknown, has ended, or came in the query where that is off; the words are a setting.",
    "A400MA": "Neither an AppCode nor an AppKey was sent.",
    "A400IK": "The AppKey is unknown.",
    "A400IS": "The signature is not the one that the server computes.",
    "A404ES": "An AppKey without a signature.",
    "A400IT": "`X-Ca-Timestamp` is not a number of milliseconds.",
    "A400TE": "`X-Ca-Timestamp` is more than 15 minutes away.",
    "A400NU": "`X-Ca-Nonce` was used before.",
    "A403EP": "The AppKey has ended.",
    "I400MH": "A header that the signature needs is missing.",
    "I400HD": "A header can not be read, or comes twice with different values.",
    "I400I5": "`Content-MD5` is not the body's.",
    "I403AA": "The client is disabled.",
    "B403ME": "The subscription has ended.",
    "B403MI": "The subscription is suspended.",
    "B403MQ": "The subscription's calls are used up.",
    "T429ID": "More calls in a second than the client has.",
    "T429MR": "More calls in a day than the client has.",
    "X503BZ": "The ledger does not answer, or no authorizer's verdict came along.",
}

GATEWAY_CODES = table(
    (
        *(Code(code, row.text, _ACCESS_CAUSES[code], row.status) for code, row in MARKET.items()),
        BODY_TOO_LARGE,
        WRONG_METHOD,
        UNKNOWN_PATH,
        BACKEND_TIMEOUT,
        Code("A403IS", "Invalid AppSecret", never="A secret is never sent; a wrong one shows as A400IS.", status=403),
        Code("D504CO", "Backend service connect failed", never="Gateway and service are one process.", status=504),
    )
)
"""What `X-Ca-Error-Code` may be."""

CAUSES: dict[type[Exception], Code] = {
    UnsupportedFormat: BAD_IMAGE,
    CorruptImage: BAD_IMAGE,
    ImageTooLarge: TOO_LARGE,
    NoFace: NO_FACE,
    FetchTooLarge: TOO_LARGE,
    FetchError: DOWNLOAD_FAILED,
    Crowded: BAD_IMAGE,
    BodyTooLarge: BODY_TOO_LARGE,
    BodyTimeout: BACKEND_TIMEOUT,
    Exception: FAILED,
}
"""The code for each kind of error that a call may meet."""
