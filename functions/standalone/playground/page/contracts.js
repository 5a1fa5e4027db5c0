// The three contracts: where they are, what they need, how a photo is asked about, what an answer says.
import { gatewayHeaders, tencentSignature } from "./sign.js";

const MIB = 1024 * 1024;
export const FACE_FIELDS = [
  "age", "beauty", "expression", "face_shape", "gender", "glasses", "landmark", "race", "quality", "face_type",
];

/** What a contract is, by its name. `limit` gives the most bytes of one photo for so many photos. */
export const contracts = {
  market: {
    route: "POST /market/liveness",
    limit: () => Math.floor((2 * MIB * 3) / 4),
    secrets: (request) => (request.signing === "appkey" ? ["app_key", "app_secret"] : ["appcode"]),
    signs: (request) => request.signing === "appkey",
    ask: askMarket,
    problem: marketProblem,
  },
  tencent: {
    route: "POST /face/livedetectpicture",
    limit: (_, request) => (request.body === "json" ? 4.4 * MIB : 5.9 * MIB),
    secrets: () => ["appid", "secret_id", "secret_key"],
    signs: () => true,
    ask: askTencent,
    problem: tencentProblem,
  },
  baidu: {
    route: "POST /rest/2.0/face/v3/faceverify",
    limit: (count) => Math.floor((Math.min(2 * MIB, (9.9 * MIB) / count) * 3) / 4),
    secrets: () => ["api_key", "secret_key"],
    signs: () => false,
    ask: askBaidu,
    problem: baiduProblem,
  },
};

/** The vendor's names of the credentials. */
export const SECRET_NAMES = {
  appcode: "AppCode", app_key: "AppKey", app_secret: "AppSecret",
  appid: "APPID", secret_id: "SecretId", secret_key: "SecretKey", api_key: "API Key",
};
export const PUBLIC_SECRETS = new Set(["app_key", "appid", "secret_id", "api_key"]);

/**
 * Asks a contract about photos.
 * request: {contract, signing, body, fields}; photos: [{url} or {blob, name}]; secrets by name.
 * Gives {steps, ms, problem}: every call with its answer, the time of all, and what the last one refused with or null.
 */
export async function ask(request, photos, secrets) {
  const contract = contracts[request.contract];
  const steps = [];
  const started = performance.now();
  let problem = null;
  try {
    await contract.ask(request, photos, secrets, steps);
    const last = steps.at(-1);
    problem = last.body === null && !last.headers.some(([name]) => name === "x-ca-error-code")
      ? { code: "unreadable", message: `HTTP ${last.status}` }
      : contract.problem(last);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    problem = { code: error.message, message: "" };
  }
  return { steps, ms: performance.now() - started, problem };
}

const UNREADABLE = { code: "unreadable", message: "" };

class Unreachable extends Error {}

async function call(steps, title, path, headers, body, shown = path) {
  const started = performance.now();
  let response;
  let text;
  try {
    response = await fetch(path, {
      method: "POST", headers, body, cache: "no-store", credentials: "omit", redirect: "error",
      signal: AbortSignal.timeout(120_000),
    });
    text = await response.text();
  } catch (error) {
    throw new Unreachable(error.name === "TimeoutError" ? "timeout" : "unreachable");
  }
  const step = {
    title, method: "POST", path: shown, status: response.status, reason: response.statusText,
    headers: [...response.headers], text, body: parsed(text), ms: performance.now() - started,
    sent: typeof body === "string" ? body.length : null,
  };
  steps.push(step);
  return step;
}

function parsed(text) {
  try {
    const body = JSON.parse(text);
    return typeof body === "object" ? body : null;
  } catch {
    return null;
  }
}

/** The base64 text of a photo's bytes. */
export function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

async function askMarket(request, [photo], secrets, steps) {
  const path = "/market/liveness";
  const form = photo.url ? { url: photo.url } : { image: await base64(photo.blob) };
  const headers = request.signing === "appkey"
    ? await gatewayHeaders(secrets, "POST", path, form)
    : { Authorization: `APPCODE ${secrets.appcode}`, "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8" };
  const [[name, value]] = Object.entries(form);
  await call(steps, "liveness", path, headers, `${name}=${encodeURIComponent(value)}`);
}

function marketProblem(step) {
  const header = (name) => step.headers.find(([key]) => key === name)?.[1];
  const code = header("x-ca-error-code");
  if (code) return { code, message: header("x-ca-error-message") ?? "" };
  if (step.body.code !== 0) return { code: step.body.code ?? "unreadable", message: step.body.desc ?? "" };
  return step.body.result ? null : UNREADABLE;
}

function tencentProblem(step) {
  if (step.body.code !== 0) return { code: step.body.code ?? "unreadable", message: step.body.message ?? "" };
  return step.body.data ? null : UNREADABLE;
}

async function askTencent(request, [photo], secrets, steps) {
  const headers = { Authorization: await tencentSignature(secrets) };
  let body;
  if (photo.url || request.body === "json") {
    headers["Content-Type"] = "application/json";
    const given = photo.url ? { url: photo.url } : { image: await base64(photo.blob) };
    body = JSON.stringify({ appid: secrets.appid, ...given });
  } else {
    body = new FormData();
    body.append("appid", secrets.appid);
    body.append("image", photo.blob, photo.name);
  }
  await call(steps, "livedetectpicture", "/face/livedetectpicture", headers, body);
}

async function askBaidu(request, photos, secrets, steps) {
  const grant = new URLSearchParams({
    grant_type: "client_credentials", client_id: secrets.api_key, client_secret: secrets.secret_key,
  });
  const form = { "Content-Type": "application/x-www-form-urlencoded" };
  const granted = await call(steps, "token", "/oauth/2.0/token", form, String(grant));
  if (!granted.body?.access_token) return;
  const items = await Promise.all(photos.map(async (photo) => ({
    image: photo.url ?? await base64(photo.blob),
    image_type: photo.url ? "URL" : "BASE64",
    ...(request.fields.length ? { face_field: request.fields.join(",") } : {}),
  })));
  const route = "/rest/2.0/face/v3/faceverify";
  const path = `${route}?access_token=${encodeURIComponent(granted.body.access_token)}`;
  await call(steps, "faceverify", path, { "Content-Type": "application/json" }, JSON.stringify(items), `${route}?access_token=…`);
}

function baiduProblem(step) {
  const body = step.body;
  if (step.title === "token") return { code: body.error ?? "unreadable", message: body.error_description ?? "" };
  if (body.error_code) return { code: body.error_code, message: body.error_msg };
  return baiduResult(body).face_list ? null : UNREADABLE;
}

/** The result of a Baidu answer: in the envelope, or bare. */
export const baiduResult = (body) => body.result ?? body;
