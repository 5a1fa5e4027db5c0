// The request that is set up on the page, as curl, Python (the vendor's client) and JavaScript.
import { SECRET_NAMES } from "./contracts.js";

const VARIABLES = {
  appcode: "APPCODE", app_key: "APP_KEY", app_secret: "APP_SECRET", appid: "APPID", secret_id: "SECRET_ID",
  secret_key: "SECRET_KEY", api_key: "API_KEY",
};

/**
 * Gives {curl, python, javascript}.
 * setup: {request, names (of the credentials), secrets (demo ones by name, or null: own ones are never written down),
 * photos: [{url} or {name}], origin, note (what to say about own credentials)}.
 */
export function samples(setup) {
  const writers = { market: setup.request.signing === "appkey" ? gateway : appcode, tencent, baidu };
  const write = writers[setup.request.contract];
  return write(setup);
}

const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const quoted = (text) => JSON.stringify(text);
/** A file's name in curl's form fields, where a comma and a semicolon end it unless it is quoted. */
const formFile = (name) => shell(`image=@"${name.replaceAll(/["\\]/g, "\\$&")}"`);
const file = (photo) => photo.name ?? "photo.jpg";

function given(setup, style) {
  const lines = setup.names.map((name) => {
    const variable = VARIABLES[name];
    const value = setup.secrets?.[name];
    if (style === "curl") return value === undefined ? `: "\${${variable}:?${SECRET_NAMES[name]}}"` : `${variable}=${shell(value)}`;
    if (style === "python") return `${variable} = ${value === undefined ? `os.environ["${variable}"]` : quoted(value)}`;
    return `const ${variable} = ${value === undefined ? `process.env.${variable}` : quoted(value)};`;
  });
  if (!setup.secrets) lines.unshift(`${style === "javascript" ? "//" : "#"} ${setup.note}`);
  return lines.join("\n");
}

const imports = (setup, ...names) => [...names, ...(setup.secrets ? [] : ["os"])].sort().map((name) => `import ${name}`).join("\n");
/** Lines; an empty one stays, undefined is left out. */
const parts = (...texts) => texts.filter((text) => text !== undefined).join("\n");

// ---- market, AppCode

function appcode(setup) {
  const [photo] = setup.photos;
  const target = `${setup.origin}/market/liveness`;
  const curl = photo.url
    ? parts(given(setup, "curl"), `curl -i ${shell(target)} -H "Authorization: APPCODE $APPCODE" \\`, `  --data-urlencode url=${shell(photo.url)}`)
    : parts(given(setup, "curl"), `base64 < ${shell(file(photo))} | tr -d '\\n' |`, `  curl -i ${shell(target)} -H "Authorization: APPCODE $APPCODE" --data-urlencode image@-`);
  const python = parts(
    imports(setup, ...(photo.url ? [] : ["base64"])), "", "import requests", "", given(setup, "python"), "",
    photo.url ? `form = {"url": ${quoted(photo.url)}}`
      : parts(`with open(${quoted(file(photo))}, "rb") as photo:`, `    form = {"image": base64.b64encode(photo.read()).decode()}`),
    "response = requests.post(", `    ${quoted(target)},`, `    headers={"Authorization": "APPCODE " + APPCODE},`, "    data=form,", "    timeout=60,", ")",
    `print(response.status_code, response.headers.get("X-Ca-Error-Message", ""))`, "print(response.text)",
  ).trimStart();
  const javascript = parts(
    photo.url ? undefined : parts(`import { readFile } from "node:fs/promises";`, ""), given(setup, "javascript"),
    photo.url ? `const form = new URLSearchParams({ url: ${quoted(photo.url)} });`
      : `const form = new URLSearchParams({ image: (await readFile(${quoted(file(photo))})).toString("base64") });`,
    `const response = await fetch(${quoted(target)}, {`, `  method: "POST",`, "  headers: { Authorization: `APPCODE ${APPCODE}` },", "  body: form,", "});",
    `console.log(response.status, response.headers.get("X-Ca-Error-Message") ?? "");`, "console.log(await response.text());",
  );
  return { curl, python, javascript };
}

// ---- market, AppKey

function gateway(setup) {
  const [photo] = setup.photos;
  const path = "/market/liveness";
  const field = photo.url ? "url" : "image";
  const kind = "application/x-www-form-urlencoded; charset=UTF-8";
  const curl = parts(
    given(setup, "curl"),
    photo.url ? `VALUE=${shell(photo.url)}` : `VALUE=$(base64 < ${shell(file(photo))} | tr -d '\\n')`,
    "STAMP=$(date +%s)000", "NONCE=$(openssl rand -hex 16)",
    `KIND=${shell(kind)}`,
    `SIGN=$(printf 'POST\\napplication/json\\n\\n%s\\n\\nX-Ca-Key:%s\\nX-Ca-Nonce:%s\\nX-Ca-Timestamp:%s\\n${path}?${field}=%s' \\`,
    `  "$KIND" "$APP_KEY" "$NONCE" "$STAMP" "$VALUE" | openssl dgst -sha256 -hmac "$APP_SECRET" -binary | base64)`,
    `printf %s "$VALUE" | curl -i ${shell(setup.origin + path)} --data-urlencode ${field}@- \\`,
    `  -H "Content-Type: $KIND" -H 'Accept: application/json' \\`,
    `  -H "X-Ca-Key: $APP_KEY" -H "X-Ca-Nonce: $NONCE" -H "X-Ca-Timestamp: $STAMP" \\`,
    `  -H 'X-Ca-Signature-Headers: X-Ca-Key,X-Ca-Nonce,X-Ca-Timestamp' -H "X-Ca-Signature: $SIGN"`,
  );
  const python = parts(
    imports(setup, ...(photo.url ? [] : ["base64"])), "", "from aliyun_api_gateway import ApiGatewayClient  # pip install aliyun-api-gateway-python", "",
    given(setup, "python"), "",
    photo.url ? `form = {"url": ${quoted(photo.url)}}`
      : parts(`with open(${quoted(file(photo))}, "rb") as photo:`, `    form = {"image": base64.b64encode(photo.read()).decode()}`),
    `client = ApiGatewayClient(${quoted(setup.origin)}, app_key=APP_KEY, app_secret=APP_SECRET)`,
    `response = client.request("POST", ${quoted(path)}, form=form)`,
    `print(response.status, response.get_header("X-Ca-Error-Message") or "")`, "print(response.body.decode())",
  ).trimStart();
  const javascript = parts(
    photo.url ? undefined : parts(`import { readFile } from "node:fs/promises";`, ""), given(setup, "javascript"),
    photo.url ? `const value = ${quoted(photo.url)};` : `const value = (await readFile(${quoted(file(photo))})).toString("base64");`,
    `const kind = ${quoted(kind)};`,
    `const signed = {`, `  "X-Ca-Key": APP_KEY,`, `  "X-Ca-Nonce": crypto.randomUUID(),`, `  "X-Ca-Timestamp": String(Date.now()),`, "};",
    "const lines = Object.entries(signed).map(([name, text]) => `${name}:${text}`);",
    `const text = ["POST", "application/json", "", kind, "", ...lines, \`${path}?${field}=\${value}\`].join("\\n");`,
    signer("SHA-256", "APP_SECRET"),
    `const response = await fetch(${quoted(setup.origin + path)}, {`, `  method: "POST",`, "  headers: {",
    `    ...signed, Accept: "application/json", "Content-Type": kind,`, `    "X-Ca-Signature-Headers": Object.keys(signed).join(","),`,
    `    "X-Ca-Signature": btoa(String.fromCharCode(...digest)),`, "  },", `  body: "${field}=" + encodeURIComponent(value),`, "});",
    `console.log(response.status, response.headers.get("X-Ca-Error-Message") ?? "");`, "console.log(await response.text());",
  );
  return { curl, python, javascript };
}

const signer = (hash, secret) => parts(
  "const bytes = new TextEncoder().encode(text);",
  `const key = await crypto.subtle.importKey(`,
  `  "raw", new TextEncoder().encode(${secret}), { name: "HMAC", hash: "${hash}" }, false, ["sign"],`, ");",
  `const digest = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes));`,
);

// ---- Tencent

function tencent(setup) {
  const [photo] = setup.photos;
  const path = "/face/livedetectpicture";
  const asJson = Boolean(photo.url) || setup.request.body === "json";
  const target = shell(setup.origin + path);
  const sign = parts(
    "NOW=$(date +%s)", 'TEXT="a=$APPID&b=&k=$SECRET_ID&e=$((NOW + 600))&t=$NOW&r=$RANDOM&f="',
    `SIGN=$({ printf %s "$TEXT" | openssl dgst -sha1 -hmac "$SECRET_KEY" -binary; printf %s "$TEXT"; } | base64 | tr -d '\\n')`,
  );
  const json = `-H 'Content-Type: application/json' --data-binary @-`;
  const curl = parts(
    given(setup, "curl"), sign,
    photo.url ? parts(`printf '{"appid":"%s","url":%s}' "$APPID" ${shell(quoted(photo.url))} |`, `  curl -i ${target} -H "Authorization: $SIGN" ${json}`)
      : asJson ? parts(`{ printf '{"appid":"%s","image":"' "$APPID"; base64 < ${shell(file(photo))} | tr -d '\\n'; printf '"}'; } |`, `  curl -i ${target} -H "Authorization: $SIGN" ${json}`)
        : `curl -i ${target} -H "Authorization: $SIGN" -F "appid=$APPID" -F ${formFile(file(photo))}`,
  );
  const host = setup.origin.replace(/^https?:\/\//, "");
  const python = parts(
    imports(setup, ...(asJson ? ["json"] : []), ...(asJson && !photo.url ? ["base64"] : [])), "",
    "from qcloud_image import Client  # pip install qcloud_image", "from qcloud_image.conf import Conf", "from qcloud_image.http import Http", "",
    given(setup, "python"), "",
    `Conf._Conf__SERVICE_ADDR = ${quoted(host)}`, `client = Client(APPID, SECRET_ID, SECRET_KEY, "")`,
    setup.origin.startsWith("https:") ? "client.use_https()" : undefined,
    `headers = {"Authorization": client._auth.get_sign("").decode()}`, `target = client._conf.build_url(${quoted(path)})`,
    ...(asJson ? [
      `headers["Content-Type"] = "application/json"`,
      photo.url ? `body = {"appid": APPID, "url": ${quoted(photo.url)}}`
        : parts(`with open(${quoted(file(photo))}, "rb") as photo:`, `    body = {"appid": APPID, "image": base64.b64encode(photo.read()).decode()}`),
      "print(Http.post(target, headers=headers, data=json.dumps(body)))",
    ] : [
      `with open(${quoted(file(photo))}, "rb") as photo:`,
      `    print(Http.post(target, headers=headers, data={"appid": APPID}, files={"image": photo}))`,
    ]),
  ).trimStart();
  const javascript = parts(
    photo.url ? undefined : parts(`import { readFile } from "node:fs/promises";`, ""), given(setup, "javascript"),
    "const now = Math.floor(Date.now() / 1000);", "const random = Math.floor(Math.random() * 1e9);",
    "const text = `a=${APPID}&b=&k=${SECRET_ID}&e=${now + 600}&t=${now}&r=${random}&f=`;",
    signer("SHA-1", "SECRET_KEY"), "const signature = btoa(String.fromCharCode(...digest, ...bytes));",
    ...(asJson ? [
      photo.url ? `const body = JSON.stringify({ appid: APPID, url: ${quoted(photo.url)} });`
        : `const body = JSON.stringify({ appid: APPID, image: (await readFile(${quoted(file(photo))})).toString("base64") });`,
      `const headers = { Authorization: signature, "Content-Type": "application/json" };`,
    ] : [
      "const body = new FormData();", `body.append("appid", APPID);`,
      `body.append("image", new Blob([await readFile(${quoted(file(photo))})]), "photo.jpg");`,
      "const headers = { Authorization: signature };",
    ]),
    `const response = await fetch(${quoted(setup.origin + path)}, { method: "POST", headers, body });`,
    "console.log(response.status, await response.text());",
  );
  return { curl, python, javascript };
}

// ---- Baidu

function baidu(setup) {
  const { origin, photos, request } = setup;
  const route = "/rest/2.0/face/v3/faceverify";
  const fields = request.fields.length ? `"face_field":${quoted(request.fields.join(","))}` : "";
  const tail = (kind) => `"image_type":"${kind}"${fields && `,${fields}`}}`;
  const item = (photo) => (photo.url
    ? `printf %s ${shell(`{"image":${quoted(photo.url)},${tail("URL")}`)}`
    : `printf '{"image":"'; base64 < ${shell(file(photo))} | tr -d '\\n'; printf %s ${shell(`",${tail("BASE64")}`)}`);
  const curl = parts(
    given(setup, "curl"),
    `TOKEN=$(curl -sS ${shell(`${origin}/oauth/2.0/token`)} -d grant_type=client_credentials \\`,
    `  --data-urlencode "client_id=$API_KEY" --data-urlencode "client_secret=$SECRET_KEY" | sed 's/.*"access_token": *"\\([^"]*\\)".*/\\1/')`,
    `{ printf '['`, photos.map((photo) => `  ${item(photo)}`).join("; printf ,\n"), "  printf ']'; } |",
    `  curl -i "${origin}${route}?access_token=$TOKEN" -H 'Content-Type: application/json' --data-binary @-`,
  );
  const field = request.fields.length ? `, "face_field": FIELDS` : "";
  const locals = photos.some((photo) => !photo.url);
  const python = parts(
    imports(setup, ...(locals ? ["base64"] : [])), "", "from aip import AipFace  # pip install baidu-aip chardet", "", given(setup, "python"),
    request.fields.length ? `FIELDS = ${quoted(request.fields.join(","))}` : undefined, "",
    locals ? parts("", "def text(name: str) -> str:", `    with open(name, "rb") as photo:`, "        return base64.b64encode(photo.read()).decode()", "", "") : undefined,
    `client = AipFace("", API_KEY, SECRET_KEY)`,
    `client._AipBase__accessTokenUrl = ${quoted(`${origin}/oauth/2.0/token`)}`,
    `client._AipFace__faceverifyUrl = ${quoted(origin + route)}`,
    "photos = [", ...photos.map((photo) => (photo.url
      ? `    {"image": ${quoted(photo.url)}, "image_type": "URL"${field}},`
      : `    {"image": text(${quoted(file(photo))}), "image_type": "BASE64"${field}},`)), "]",
    "print(client.faceverify(photos))",
  ).trimStart();
  const javascript = parts(
    locals ? parts(`import { readFile } from "node:fs/promises";`, "") : undefined, given(setup, "javascript"),
    `const form = new URLSearchParams({ grant_type: "client_credentials", client_id: API_KEY, client_secret: SECRET_KEY });`,
    `const grant = await fetch(${quoted(`${origin}/oauth/2.0/token`)}, { method: "POST", body: form });`,
    "const { access_token } = await grant.json();",
    request.fields.length ? `const face_field = ${quoted(request.fields.join(","))};` : undefined,
    "const photos = [", ...photos.map((photo) => (photo.url
      ? `  { image: ${quoted(photo.url)}, image_type: "URL"${field && ", face_field"} },`
      : `  { image: (await readFile(${quoted(file(photo))})).toString("base64"), image_type: "BASE64"${field && ", face_field"} },`)), "];",
    `const response = await fetch(\`${origin}${route}?access_token=\${access_token}\`, {`, `  method: "POST",`,
    `  headers: { "Content-Type": "application/json" },`, "  body: JSON.stringify(photos),", "});",
    "console.log(response.status, await response.text());",
  );
  return { curl, python, javascript };
}
