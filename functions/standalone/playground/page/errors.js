// Every code that can come back, as what happened and what to do. The vendor's own words are shown beside.

const ADVICE = {
  badImage: [
    "The server could not read a photo in this request.", "Choose a whole JPEG, PNG or BMP; GIF, WebP and HEIC are not taken.",
    "服务器没能从请求中读出照片。", "请选择完整的 JPEG、PNG 或 BMP；不支持 GIF、WebP 和 HEIC。"],
  noFace: [
    "No face was found in the photo.", "Choose a photo that shows a face from the front, large and well lit.",
    "照片中没有找到人脸。", "请选择正面、清晰、光线充足的人脸照片。"],
  smallFace: [
    "The face is too small to be judged.", "Come closer or cut the photo: the face should be at least 100 × 100 pixels.",
    "人脸太小，无法判断。", "请靠近拍摄或裁剪照片：人脸不应小于 100 × 100 像素。"],
  download: [
    "The server could not fetch the photo from the address.", "Check the address: it must be public, http or https, and answer with the photo itself. Or send the file.",
    "服务器没能从该地址下载照片。", "请检查地址：须为公网 http 或 https 地址，且直接返回照片；也可以改为上传文件。"],
  tooLarge: [
    "The photo is larger than this contract takes.", "Tick “Make photos smaller” or choose a smaller photo.",
    "照片超过该接口的大小限制。", "请勾选“自动缩小”，或选择较小的照片。"],
  busy: [
    "The service can not answer right now.", "Try again in a moment. If it stays so, the operator should look at /healthz and the log: a model or the ledger may be missing.",
    "服务暂时无法应答。", "请稍后重试；如持续出现，请运维人员查看 /healthz 和日志（模型或账本可能缺失）。"],
  unknownKey: [
    "The server does not know this key, or it was switched off or replaced.", "Check for missing characters and that the key is for this contract; `facegate keys list` shows what there is.",
    "服务器不认识该密钥，或密钥已停用、已轮换。", "请检查是否漏字符、是否为该接口的密钥；可用 `facegate keys list` 查看。"],
  noKey: [
    "The request carries no credentials.", "Choose the demo credentials or fill in your own.",
    "请求中没有凭证。", "请选择演示凭证或填写自己的凭证。"],
  signature: [
    "The signature is not the one that the server computes.", "The secret is probably wrong: copy it again, without blanks.",
    "签名与服务器计算的不一致。", "密钥很可能有误：请重新复制，注意不要带空格。"],
  malformed: [
    "The signature can not be read.", "Check that every key field holds one key and nothing else.",
    "签名无法解析。", "请检查每个输入框内只有对应的密钥。"],
  clock: [
    "The signature is too old, or from the future.", "Set this device's clock; it and the server's must agree.",
    "签名已过期，或时间超前。", "请校准本设备的时钟，使其与服务器一致。"],
  replay: [
    "The same signature was used twice.", "Send again: the page makes a new signature every time.",
    "同一签名被使用了两次。", "请重新发送：本页面每次都会生成新的签名。"],
  expired: [
    "The subscription or the key has expired.", "The operator extends it, or gives a new key.",
    "订购或密钥已到期。", "请联系运维人员续期或更换密钥。"],
  suspended: [
    "This client may not call the contract: it is suspended, switched off or used up.", "The operator can change that with `facegate keys`.",
    "该客户无权调用：已暂停、停用或次数用尽。", "请运维人员用 `facegate keys` 处理。"],
  quota: [
    "The calls of this client are used up.", "Wait for the next day if it is a daily quota, or ask the operator for more.",
    "该客户的调用次数已用尽。", "如为每日配额请等到次日，或请运维人员增加配额。"],
  rate: [
    "Too many calls in a short time.", "Wait a second and send again; a daily limit ends with the day.",
    "调用过于频繁。", "请稍等一秒再发送；如为每日限额则次日恢复。"],
  token: [
    "The access token is not valid any more.", "Send again: the page fetches a new token every time.",
    "access_token 已失效。", "请重新发送：本页面每次都会获取新的 access_token。"],
  parameter: [
    "The server could not read the request.", "This page should not cause that; a proxy in between may have changed the request.",
    "服务器无法解析该请求。", "本页面不应产生此错误，可能是中间代理改动了请求。"],
  target: [
    "The keys belong to different accounts.", "Take APPID, SecretId and SecretKey of one client.",
    "这些密钥不属于同一账号。", "请使用同一客户的 APPID、SecretId 和 SecretKey。"],
  count: [
    "This contract takes 1, 3 or 8 photos.", "Add or remove photos.",
    "该接口只接受 1、3 或 8 张照片。", "请增加或删除照片。"],
  faceToken: [
    "The face token is unknown.", "Send the photo itself.", "face_token 不存在。", "请直接发送照片。"],
  fault: [
    "Something failed inside the server.", "Try again; the operator finds the request id in the log.",
    "服务器内部出错。", "请重试；运维人员可凭请求 ID 在日志中查找原因。"],
  route: [
    "The server does not take this route or method.", "An older server or a proxy may be in between.",
    "服务器不支持该路径或方法。", "可能是服务版本较旧，或中间有代理。"],
  timeout: [
    "The answer did not come within two minutes, or the photo did not arrive in time.", "Check the connection and try again.",
    "两分钟内没有应答，或照片未能及时送达。", "请检查网络后重试。"],
  unreachable: [
    "The server can not be reached.", "Check that it runs (`make run`) and that you are connected.",
    "无法连接服务器。", "请确认服务正在运行（`make run`）且网络正常。"],
  unreadable: [
    "The answer is not in the contract's form.", "A proxy in between may have answered; look at the response below.",
    "应答不符合接口格式。", "可能是中间代理作出的应答，请查看下方响应。"],
};

const CODES = {
  market: {
    1: "badImage", 2: "noFace", 3: "smallFace", 4: "download", 5: "tooLarge", 96: "busy",
    A400AC: "unknownKey", A400MA: "noKey", A400IK: "unknownKey", A400IS: "signature", A404ES: "malformed",
    A400IT: "clock", A400TE: "clock", A400NU: "replay", A403EP: "expired", I400MH: "malformed", I400HD: "malformed",
    I400I5: "parameter", I403AA: "suspended", B403ME: "expired", B403MI: "suspended", B403MQ: "quota",
    T429ID: "rate", T429MR: "rate", X503BZ: "busy", I413RL: "tooLarge", I405UM: "route", I404NF: "route", D504TO: "timeout",
  },
  tencent: {
    3: "suspended", 4: "noKey", 5: "malformed", 6: "target", 9: "clock", 10: "unknownKey", 11: "unknownKey", 12: "target",
    13: "replay", 14: "signature", 15: "rate", 16: "unknownKey", 21: "parameter", 23: "tooLarge", 107: "busy", 108: "busy",
    213: "fault", [-4015]: "noFace", [-4016]: "badImage", [-5011]: "smallFace", [-5802]: "busy", [-5805]: "download",
  },
  baidu: {
    1: "fault", 2: "busy", 3: "route", 4: "busy", 6: "suspended", 13: "token", 14: "signature", 15: "unknownKey",
    17: "quota", 18: "rate", 19: "quota", 100: "parameter", 110: "token", 111: "token",
    222001: "parameter", 222013: "badImage", 222015: "parameter", 222017: "parameter", 222025: "faceToken",
    222202: "noFace", 222203: "badImage", 222204: "download", 222208: "count", 222209: "faceToken",
    222213: "smallFace", 222304: "tooLarge", 222361: "busy",
    invalid_client: "unknownKey", unsupported_grant_type: "parameter", invalid_request: "parameter",
    invalid_grant: "token", temporarily_unavailable: "busy",
  },
};

/** What happened and what to do about a code, in a language; null for a code that is not known. */
export function advice(contract, code, language) {
  const name = Object.hasOwn(ADVICE, code) ? code : CODES[contract][code];
  if (!name) return null;
  const at = language === "zh" ? 2 : 0;
  return { what: ADVICE[name][at], todo: ADVICE[name][at + 1] };
}

/** The codes of a contract that have words. */
export const known = (contract) => Object.keys(CODES[contract]);
