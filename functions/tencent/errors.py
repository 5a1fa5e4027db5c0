"""Tencent Cloud Image's error table for livedetectpicture, complete.

Sources: the document of livedetectpicture for every code from 3 to -5807, and the product's shared list for the rest.
The document says nothing of HTTP statuses; those here follow a sibling API, and the vendor's clients parse the body at
any status. The words of the codes that access is refused with are gatekeeper's; here is what causes each.
"""

from __future__ import annotations

from facecore.errors import CorruptImage, ImageTooLarge, ModelError, NoFace, UnsupportedFormat
from gatekeeper.refusals import TENCENT
from gatekeeper.request import Crowded
from serving.body import BodyTimeout, BodyTooLarge
from serving.codes import Code, table
from serving.fetch import FetchError
from serving.pool import Overloaded

OK = Code(0, "OK", "The photo was answered.", billable=True)
BAD_REQUEST = Code(
    3,
    "错误的请求",
    "Not a POST (405), another path than the API's (404), or a body that did not arrive in time or whose caller hung "
    "up. Also, as `account abnormal,errorno is:2` (403), a client that is disabled or suspended, has ended, or has "
    "used up all of its calls.",
    status=400,
)
WRONG_TARGET = Code(
    6,
    "签名中的 APPID/Bucket 与操作目标不匹配",
    "The body's `appid` is not the signature's, or the signature's bucket is another client's.",
    status=403,
)
BAD_PARAMETER = Code(
    21,
    "无效参数",
    "The body is neither JSON nor multipart, is not what its type says, or holds a field twice or one that is no text; "
    "or the query has more than 256 parameters.",
    status=400,
)
BODY_TOO_LARGE = Code(23, "请求包体过大", "The body is over 6 MB.", status=413)
INTERNAL = Code(213, "内部错误", "A failure of this service that was not foreseen.", status=500)
NO_FACE = Code(-4015, "自拍照人脸检测失败", "The photo is sound and shows no face.", status=400)
UNDECODABLE = Code(
    -4016,
    "自拍照解码失败",
    "The bytes are not a whole JPEG, PNG or BMP (GIF is refused), the text is not base64, or the photo has more pixels "
    "than the cap.",
    status=400,
)
UNJUDGEABLE = Code(
    -5011,
    "活体检测失败(活体其他错误都归类到里面)",
    "The largest face is under 24 pixels wide or high.",
    status=400,
)
UNAVAILABLE = Code(
    -5802, "服务器内部错误,服务暂时不可用", "Overload, or a model file that is missing or altered.", status=503
)
NO_IMAGE = Code(
    -5805,
    "用户未输入图像或者 url 下载失败",
    "Neither `image` nor `url`, an empty image, or a `url` that is malformed, not on the public internet, over 6 MB or "
    "not answered in time.",
    status=400,
)

_ACCESS_CAUSES = {
    "4": "No `Authorization` header.",
    "5": "The signature is not base64, lacks a field or has one that can not be read, or lasts for no time or for more "
    "than three months.",
    "9": "The signature's time is over or lies ahead of the clock.",
    "10": "The signature's APPID is unknown.",
    "11": "The signature's SecretId is unknown or has ended.",
    "12": "The SecretId is another APPID's.",
    "13": "A one-time signature came again.",
    "14": "The signature's digest is wrong.",
    "15": "More calls in a second or in a day than the client has.",
    "16": "The signature's bucket is unknown.",
    "107": "The ledger does not answer, or no authorizer's verdict came along.",
    "108": "The ledger is over its own limits.",
}
_VIDEO = "It concerns a video; this API takes a photo."
_CARD = "It concerns an identity card's photo or a comparison with it."
_IDENTITY = "It concerns an identity number and name."
_SHARED = "The API's own document names another code for it: "

CODES = table(
    (
        OK,
        BAD_REQUEST,
        *(Code(int(code), TENCENT[code].text, cause, TENCENT[code].status) for code, cause in _ACCESS_CAUSES.items()),
        WRONG_TARGET,
        BAD_PARAMETER,
        BODY_TOO_LARGE,
        INTERNAL,
        Code(-4006, "视频中自拍照特征提取失败", never=_VIDEO),
        Code(-4007, "视频中自拍照之间对比失败", never=_VIDEO),
        Code(-4009, "Card 照片提取特征失败", never=_CARD),
        Code(-4010, "自拍照与 Card 照片相似度计算失败", never=_CARD),
        NO_FACE,
        UNDECODABLE,
        Code(-4017, "Card 照片人脸检测失败", never=_CARD),
        Code(-4018, "Card 照片解码失败", never=_CARD),
        Code(-5001, "视频无效", never=_VIDEO),
        Code(-5002, "唇语失败", never=_VIDEO),
        Code(-5005, "自拍照解析照片不足", never=_VIDEO),
        Code(-5007, "视频没有声音", never=_VIDEO),
        Code(-5008, "声音识别失败", never=_VIDEO),
        Code(-5009, "视频人脸检测失败,没有嘴或者脸", never=_VIDEO),
        Code(-5010, "唇动失败", never=_VIDEO),
        UNJUDGEABLE,
        Code(-5012, "视频中噪声太大", never=_VIDEO),
        Code(-5013, "视频里的声音太小", never=_VIDEO),
        Code(-5014, "活体检测 level 参数无效", never="This API has no `level` parameter."),
        Code(-5015, "视频像素太低,最小320 * 480", never=_VIDEO),
        Code(-5801, "请求缺少身份证号码或身份证姓名", never=_IDENTITY),
        UNAVAILABLE,
        Code(-5803, "身份证姓名与身份证号码不一致", never=_IDENTITY),
        Code(-5804, "身份证号码无效", never=_IDENTITY),
        NO_IMAGE,
        Code(-5806, "身份证号码或者身份证姓名格式错误", never=_IDENTITY),
        Code(-5807, "查询身份证信息错误", never=_IDENTITY),
        Code(-1101, "face detect failed", never=_SHARED + "-4015."),
        Code(-1102, "decode failed", never=_SHARED + "-4016."),
        Code(-1300, "image empty", never=_SHARED + "-5805."),
        Code(-1301, "parameter empty", never=_SHARED + "21 or -5805."),
        Code(-1308, "download failed", never=_SHARED + "-5805."),
        Code(-1400, "format invalid", never=_SHARED + "-4016."),
        Code(-1403, "image download failed", never=_SHARED + "-5805."),
        Code(-1408, "download size exceeded", never=_SHARED + "-5805."),
        Code(-1505, "invalid url format", never=_SHARED + "-5805."),
        Code(-1506, "download timeout", never=_SHARED + "-5805."),
        Code(-1507, "cannot connect to the download server", never=_SHARED + "-5805."),
    )
)
"""What a body's `code` may be."""

CAUSES: dict[type[Exception], Code] = {
    UnsupportedFormat: UNDECODABLE,
    CorruptImage: UNDECODABLE,
    ImageTooLarge: UNDECODABLE,
    NoFace: NO_FACE,
    ModelError: UNAVAILABLE,
    Overloaded: UNAVAILABLE,
    FetchError: NO_IMAGE,
    Crowded: BAD_PARAMETER,
    BodyTooLarge: BODY_TOO_LARGE,
    BodyTimeout: BAD_REQUEST,
    Exception: INTERNAL,
}
"""The code for each kind of error that a call may meet."""
