// What an answer means: the verdict in a word, and every number against the limit that the contract's document advises.
import { baiduResult } from "./contracts.js";
import { number, word, wordOr } from "./dom.js";

const OCCLUSION_LIMITS = {
  left_eye: 0.6, right_eye: 0.6, nose: 0.7, mouth: 0.7, left_cheek: 0.8, right_cheek: 0.8, chin: 0.6, chin_contour: 0.6,
};
export const BAIDU_THRESHOLDS = ["frr_1e-4", "frr_1e-3", "frr_1e-2"];

/**
 * Judges an answered call.
 * Gives {key, tone, line, score, checks, facts}: `key` live, liveBut, notLive or synthetic; `tone` good, warn or bad; `score` {value, limit, top};
 * `checks` [{name, value, limit, ok}]; `facts` [{name, value}].
 */
export function judge(contract, body, options) {
  if (contract === "market") return judgeMarket(body.result);
  if (contract === "tencent") return judgeTencent(body.data.score, options.size);
  return judgeBaidu(baiduResult(body), options.threshold, options.index);
}

function told(live, checks, score, facts, synthetic = false) {
  const failed = checks.filter((check) => !check.ok && !check.deciding).length;
  const tone = !live ? "bad" : synthetic || failed ? "warn" : "good";
  const key = !live ? "notLive" : synthetic ? "synthetic" : failed ? "liveBut" : "live";
  const side = score.value > score.limit ? "above" : "notAbove";
  const line = word(side, { name: word("liveness"), value: number(score.value), limit: number(score.limit) });
  return { key, tone, line, score, checks, facts };
}

function judgeMarket(result) {
  const value = result.liveness.livemapscore;
  const live = value > 0.3;
  const synthetic = result.spoofing > 0.00048;
  const checks = [
    over("liveness", value, 0.3, true),
    { ...atMost("spoofing", result.spoofing, 0.00048), deciding: true },
    { name: word("face_type"), value: choice("face_type", result.face_type), limit: word("type.face_type.human"), ok: result.face_type.type === "human" },
    ...quality(result.quality),
  ];
  const facts = [
    { name: word("age"), value: number(result.age) },
    ...["gender", "glasses", "face_shape", "expression"].map((name) => fact(name, result[name])),
  ];
  return told(live, checks, { value, limit: 0.3, top: 1 }, facts, live && synthetic);
}

function judgeTencent(value, size) {
  const checks = [over("liveness", value, 87, true)];
  if (size) {
    const ratio = size.width / size.height;
    checks.push({
      name: word("ratio"), value: number(ratio), limit: word("near", { limit: "0.75" }),
      ok: ratio > 0.6 && ratio < 0.9,
    });
  }
  return told(value > 87, checks, { value, limit: 87, top: 100 }, []);
}

function judgeBaidu(result, threshold, index) {
  const value = result.face_liveness;
  const limit = result.thresholds[threshold];
  const face = result.face_list[index];
  const checks = [over("liveness", value, limit, true)];
  for (const name of ["yaw", "pitch", "roll"]) {
    checks.push({
      name: word(name), value: `${number(Math.round(face.angle[name] * 10) / 10)}°`, limit: word("within", { limit: "20°" }),
      ok: Math.abs(face.angle[name]) <= 20,
    });
  }
  const { width, height } = face.location;
  checks.push({
    name: word("faceSize"), value: word("pixels", { size: `${Math.round(width)} × ${Math.round(height)}` }), limit: word("atLeast", { limit: "100 × 100" }),
    ok: Math.min(width, height) >= 100,
  });
  if (face.face_type) {
    checks.push({ name: word("face_type"), value: choice("face_type", face.face_type), limit: word("type.face_type.human"), ok: face.face_type.type === "human" });
  }
  if (face.quality) checks.push(...quality(face.quality));
  const facts = [];
  if (result.face_list.length > 1) facts.push({ name: word("thisPhoto"), value: number(face.liveness.livemapscore) });
  if (face.age !== undefined) facts.push({ name: word("age"), value: number(face.age) });
  for (const name of ["gender", "glasses", "face_shape", "expression", "race"]) {
    if (face[name]) facts.push(fact(name, face[name]));
  }
  if (face.beauty !== undefined) facts.push({ name: word("beauty"), value: number(face.beauty) });
  facts.push({ name: word("probability"), value: number(face.face_probability) });
  return told(value > limit, checks, { value, limit, top: 1, marks: Object.values(result.thresholds) }, facts);
}

function quality(found) {
  const checks = [
    under("blur", found.blur, 0.7),
    over("illumination", found.illumination, 40),
    { name: word("completeness"), value: word(found.completeness ? "inside" : "cut"), limit: word("inside"), ok: found.completeness === 1 },
  ];
  for (const [part, covered] of Object.entries(found.occlusion)) {
    const limit = OCCLUSION_LIMITS[part];
    checks.push({
      name: word("covered", { part: word(`part.${part === "chin_contour" ? "chin" : part}`) }),
      value: percent(covered), limit: word("atMost", { limit: percent(limit) }), ok: covered <= limit, part,
    });
  }
  return checks;
}

const percent = (value) => `${Math.round(value * 100)}%`;
const choice = (name, found) => `${wordOr(`type.${name}.${found.type}`, found.type)} · ${percent(found.probability)}`;
const fact = (name, found) => ({ name: word(name), value: choice(name, found) });
const over = (name, value, limit, deciding = false) => ({
  name: word(name), value: number(value), limit: word("over", { limit: number(limit) }), ok: value > limit, deciding,
});
const under = (name, value, limit) => ({
  name: word(name), value: number(value), limit: word("under", { limit: number(limit) }), ok: value < limit,
});
const atMost = (name, value, limit) => ({
  name: word(name), value: number(value), limit: word("atMost", { limit: number(limit) }), ok: value <= limit,
});
export { OCCLUSION_LIMITS };
