// Shows an answer: the photo and what is drawn on it, the verdict, and the response as it came.
import { baiduResult } from "./contracts.js";
import { bytes, byId, copyButton, currentLanguage, make, number, word } from "./dom.js";
import { advice } from "./errors.js";
import { laidOut, paint } from "./json.js";
import { draw, isSmall, thumbnail } from "./picture.js";
import { BAIDU_THRESHOLDS, judge } from "./verdict.js";

const LAYERS = ["box", "points", "axes", "occlusion", "zoom"];

/** What the right side shows; `shown` is null before the first answer. */
export class View {
  constructor(drawToo) {
    this.drawToo = drawToo;
    this.shown = null;
    this.layers = { box: true, points: true, axes: true, occlusion: false, zoom: false };
    this.threshold = "frr_1e-3";
    this.index = 0;
  }

  /** shown: {contract, photos, answer, drawing (a Baidu body for the same photo, or null), drawProblem, mayDraw}. */
  show(shown) {
    this.shown = shown;
    this.look(0);
    this.render();
  }

  /** Turns to one of the photos, nearer where its face is small. */
  look(index) {
    this.index = index;
    const [photo, face] = [this.shown.photos[index], this.#faces()[index]];
    this.layers.zoom = Boolean(photo.bitmap && face && isSmall(photo.bitmap, face));
  }

  render() {
    this.#response();
    if (!this.shown) return;
    const { contract, answer } = this.shown;
    const found = answer.problem ? null : judge(contract, answer.steps.at(-1).body, {
      threshold: this.threshold, index: this.index, size: this.shown.photos[0].bitmap,
    });
    this.#figure(found);
    byId("verdict").replaceChildren(...(found ? this.#verdict(found) : this.#problem()));
    byId("verdict").hidden = false;
    byId("facts").hidden = !found?.facts.length;
    byId("facts").replaceChildren(...(found ? facts(found.facts) : []));
  }

  // ---- the photo

  #faces() {
    const { contract, answer, drawing } = this.shown;
    if (answer.problem) return [];
    if (contract === "baidu") return baiduResult(answer.steps.at(-1).body).face_list;
    return drawing ? baiduResult(drawing).face_list : [];
  }

  #figure(found) {
    const { photos, contract, drawing, drawProblem, mayDraw, answer } = this.shown;
    const faces = this.#faces();
    const face = faces[this.index] ?? null;
    const photo = photos[this.index] ?? photos[0];
    const canvas = byId("canvas");
    const drawable = photo.bitmap || face;
    byId("empty").hidden = Boolean(drawable);
    byId("empty").querySelector("p").textContent = word(photo.url ? "fetched" : "unshown");
    canvas.hidden = !drawable;
    if (drawable) draw(canvas, photo.bitmap ?? null, face, this.layers, found?.tone ?? "warn");
    canvas.setAttribute("aria-label", word(face ? "photoAlt" : "photoPlain"));
    this.#strip(photos, faces);
    this.#layers(face);
    const notes = [];
    if (face && this.layers.axes) notes.push(word("axesLegend"));
    if (face?.quality && this.layers.occlusion) notes.push(word("coveredLegend"));
    if (face && !photo.bitmap) notes.push(word("noPicture"));
    if (drawing) notes.unshift(word("drawn"));
    const caption = [notes.join(" ")];
    if (contract !== "baidu" && !answer.problem && !drawing) {
      caption.push(word("onlyVerdict"), " ");
      if (mayDraw) {
        const button = make("button", { type: "button", class: "button", id: "draw-too", title: word("drawNote") }, word("drawToo"));
        button.addEventListener("click", () => { button.disabled = true; this.drawToo(); });
        caption.push(button);
      }
      if (drawProblem) caption.push(make("span", { class: "missing" }, word("drawFailed", { what: problemText("baidu", drawProblem) })));
    }
    byId("caption").replaceChildren(...caption);
  }

  #strip(photos, faces) {
    const strip = byId("strip");
    strip.hidden = photos.length < 2;
    strip.replaceChildren(...(photos.length < 2 ? [] : photos.map((photo, index) => {
      const value = faces[index] ? number(faces[index].liveness.livemapscore) : "–";
      const button = make("button", { type: "button", "aria-pressed": String(index === this.index), "aria-label": word("photoAt", { at: index + 1, value }) },
        thumbnail(photo), make("span", {}, value));
      button.addEventListener("click", () => {
        this.look(index);
        this.render();
        byId("strip").children[index].focus();
      });
      return button;
    })));
  }

  #layers(face) {
    const group = byId("layers");
    const bitmap = this.shown.photos[this.index]?.bitmap;
    const offered = { box: true, axes: true, points: face?.landmark72, occlusion: face?.quality && face.landmark72, zoom: bitmap };
    const has = face ? LAYERS.filter((name) => offered[name]) : [];
    group.hidden = !has.length;
    group.replaceChildren(...has.map((name) => {
      const box = make("input", { type: "checkbox", checked: this.layers[name], id: `layer-${name}` });
      box.addEventListener("change", () => {
        this.layers[name] = box.checked;
        this.render();
        byId(`layer-${name}`).focus();
      });
      return make("label", { class: "chip" }, box, " ", word(`layer.${name}`));
    }));
  }

  // ---- the verdict

  #verdict(found) {
    const remarks = found.checks.filter((check) => !check.ok && !check.deciding);
    const parts = [
      make("div", { class: `banner ${found.tone}` },
        make("span", { class: "mark", "aria-hidden": "true" }, { good: "✓", warn: "!", bad: "✕" }[found.tone]),
        make("div", {}, make("h2", { id: "head", tabindex: "-1" }, word(found.key)), make("p", {}, word(`say.${found.key}`, { names: remarks.map((check) => check.name).join(word("comma")) })))),
      meter(found), make("p", { class: "line" }, found.line),
    ];
    if (this.shown.contract === "baidu") parts.push(this.#points());
    return [...parts, took(this.shown.answer), table(found.checks)];
  }

  #points() {
    const select = make("select", { id: "threshold" }, ...BAIDU_THRESHOLDS.map((name) => make("option", { value: name, selected: name === this.threshold }, `${name} · ${word(name)}`)));
    select.addEventListener("change", () => {
      this.threshold = select.value;
      this.render();
      byId("threshold").focus();
    });
    return make("label", { class: "pick" }, make("span", {}, word("operatingPoint")), select);
  }

  #problem() {
    const { contract, answer } = this.shown;
    const { code, message } = answer.problem;
    const told = advice(contract, code, currentLanguage());
    return [
      make("div", { class: "banner bad" },
        make("span", { class: "mark", "aria-hidden": "true" }, "!"),
        make("div", {}, make("h2", { id: "head", tabindex: "-1" }, word("failed")), make("p", { id: "what" }, told?.what ?? word("unknownCode")))),
      told ? make("p", { class: "todo", id: "todo" }, told.todo) : null,
      make("p", { class: "vendor" }, make("strong", { id: "code" }, word("code", { code })), message ? make("span", { lang: "" }, message) : null),
      took(answer),
    ].filter(Boolean);
  }

  // ---- the response

  #response() {
    const panel = byId("panel-response");
    const steps = this.shown?.answer.steps ?? [];
    if (!steps.length) {
      panel.replaceChildren(make("p", { class: "muted" }, word(this.shown ? "noAnswer" : "noResponse")));
      return;
    }
    panel.replaceChildren(...steps.slice(0, -1).map((step) => make("details", { class: "earlier", "aria-label": `${step.method} ${step.path}` },
      make("summary", {}, `HTTP ${step.status} · ${step.method} ${step.path} · ${word("took", { ms: Math.round(step.ms) })}`), exchange(step))), exchange(steps.at(-1)));
  }
}

/** What a problem is, in one sentence. */
function problemText(contract, problem) {
  return advice(contract, problem.code, currentLanguage())?.what ?? `${problem.code} ${problem.message}`;
}

/** How long it took, and the id under which the server wrote the call down. */
function took(answer) {
  const id = answer.steps.at(-1)?.headers.find(([name]) => name === "x-request-id")?.[1];
  const all = answer.steps.length > 1 ? "tookOf" : "took";
  return make("p", { class: "muted", id: "took" }, make("span", {}, word(all, { ms: Math.round(answer.ms) })),
    id ? make("span", {}, `${word("requestId")} `, make("code", {}, id)) : null);
}

function facts(list) {
  return [make("h3", {}, word("facts")), make("dl", { class: "facts" },
    ...list.map((fact) => make("div", {}, make("dt", {}, fact.name), make("dd", {}, fact.value))))];
}

function meter({ score }) {
  const tone = score.value > score.limit ? "good" : "bad";
  const place = (value) => `${(100 * Math.min(Math.max(value / score.top, 0), 1)).toFixed(2)}%`;
  const fill = make("span", { class: "fill" });
  fill.style.width = place(score.value);
  const ticks = [...new Set([...(score.marks ?? []), score.limit])].map((mark) => {
    const tick = make("span", { class: mark === score.limit ? "tick chosen" : "tick" });
    tick.style.left = place(mark);
    return tick;
  });
  const label = word("scoreBar", { value: number(score.value), top: score.top, limit: number(score.limit) });
  return make("div", { class: `meter ${tone}`, role: "img", "aria-label": label }, fill, ...ticks);
}

function table(checks) {
  return make("table", { class: "checks" },
    make("caption", {}, word("checks")),
    make("thead", {}, make("tr", {}, ...["check", "measured", "advised"].map((name) => make("th", { scope: "col" }, word(name))))),
    make("tbody", {}, ...checks.map((check) => make("tr", { class: check.ok ? "ok" : "off" },
      make("th", { scope: "row" }, make("span", { class: "dot", role: "img", "aria-label": word(check.ok ? "ok" : "notOk") }, check.ok ? "✓" : "✕"), check.name),
      make("td", {}, check.value), make("td", { class: "muted" }, check.limit)))));
}

const NOTED = /^x-(ca-|request-id)/;

function exchange(step) {
  const pre = make("pre", { class: "code", tabindex: "0" });
  if (step.body) paint(pre, laidOut(step.text));
  else pre.textContent = step.text;
  const head = make("p", { class: "status" },
    make("span", { class: step.status < 400 ? "badge good" : "badge bad" }, `HTTP ${step.status}`),
    make("code", {}, `${step.method} ${step.path}`), make("span", { class: "muted" }, `${word("took", { ms: Math.round(step.ms) })} · ${bytes(new TextEncoder().encode(step.text).length)}`));
  const rows = [...step.headers].sort(([a], [b]) => Number(NOTED.test(b)) - Number(NOTED.test(a)) || (a < b ? -1 : 1));
  return make("section", { class: "exchange", "data-step": step.title },
    head,
    make("h3", {}, word("headers")),
    make("table", { class: "headers" }, make("tbody", {}, ...rows.map(([name, value]) => make("tr", { class: NOTED.test(name) ? "noted" : "" }, make("th", { scope: "row" }, name), make("td", {}, value))))),
    make("div", { class: "bar" }, make("h3", {}, word("body")), step.text ? copyButton(() => step.text) : null),
    step.text ? pre : make("p", { class: "muted" }, word("bodyEmpty")));
}
