// Signatures made in the browser, so that a secret key never travels.

const encoder = new TextEncoder();

/** Whether this page may sign: browsers allow it on https and on this machine only. */
export const canSign = () => globalThis.crypto?.subtle !== undefined;

async function hmac(hash, secret, bytes) {
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), { name: "HMAC", hash }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes));
}

const base64 = (bytes) => btoa(String.fromCharCode(...bytes));

/** Tencent: base64(HMAC-SHA1(SecretKey, text) + text), good for ten minutes. */
export async function tencentSignature(secrets) {
  const now = Math.floor(Date.now() / 1000);
  const random = crypto.getRandomValues(new Uint32Array(1))[0] % 1e9;
  const text = encoder.encode(`a=${secrets.appid}&b=&k=${secrets.secret_id}&e=${now + 600}&t=${now}&r=${random}&f=`);
  const digest = await hmac("SHA-1", secrets.secret_key, text);
  return base64(new Uint8Array([...digest, ...text]));
}

/** The market's gateway: the X-Ca-* headers over method, headers, path and the form's parameters. */
export async function gatewayHeaders(secrets, method, path, form) {
  const headers = { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8" };
  const signed = {
    "X-Ca-Key": secrets.app_key,
    "X-Ca-Nonce": crypto.randomUUID(),
    "X-Ca-Timestamp": String(Date.now()),
  };
  const names = Object.keys(signed).sort();
  const parameters = Object.keys(form).sort().map((name) => `${name}=${form[name]}`).join("&");
  const text = [
    method, headers.Accept, "", headers["Content-Type"], "",
    ...names.map((name) => `${name}:${signed[name]}`),
    `${path}?${parameters}`,
  ].join("\n");
  const digest = await hmac("SHA-256", secrets.app_secret, encoder.encode(text));
  return {
    ...headers, ...signed,
    "X-Ca-Signature-Method": "HmacSHA256",
    "X-Ca-Signature-Headers": names.join(","),
    "X-Ca-Signature": base64(digest),
  };
}
