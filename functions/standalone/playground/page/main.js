// The page: what is chosen, what is sent, what is shown.
import { ask, contracts, FACE_FIELDS, PUBLIC_SECRETS, SECRET_NAMES } from "./contracts.js";
import { byId, copyButton, currentLanguage, make, preferredLanguage, putLanguage, say, word } from "./dom.js";
import { Camera, fitted, Photos } from "./photos.js";
import { samples } from "./samples.js";
import { canSign } from "./sign.js";
import { View } from "./view.js";

const form = byId("request");
const own = {}; // own credentials by contract and name, for as long as the page lives
let demo = { secrets: {}, problem: "demoOff" };
let notes = []; // what is to be said of the photos: [a word's key, its fills]
let busy = false;
let answered = false; // whether there was an answer yet: the first one opens its tab

const photos = new Photos(() => { notes = []; refresh(); });
const camera = new Camera(photos);
const view = new View(drawToo);

const chosen = (name) => form.elements[name].value;

function request() {
  return {
    contract: chosen("contract"), signing: chosen("signing"), body: chosen("body"),
    fields: FACE_FIELDS.filter((name) => byId(`field-${name}`).checked),
  };
}

const most = () => (chosen("contract") === "baidu" ? Number(chosen("count")) : 1);

/** The credentials in use, by name; null where demo ones are chosen and there are none. */
function secrets(asked) {
  if (chosen("who") === "own") return own[asked.contract] ?? {};
  return demo.secrets[asked.contract] ?? null;
}

// ---- what stands on the page

function refresh() {
  const asked = request();
  const contract = contracts[asked.contract];
  byId("route").textContent = contract.route;
  byId("about").textContent = word(`about.${asked.contract}`);
  for (const part of document.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== asked.contract;
  photos.show();
  showNotes();
  showCredentials(asked);
  showSamples(asked);
}

function showNotes() {
  byId("photo-note").textContent = notes.map(([key, fills]) => word(key, fills)).join(" ");
}

function demoNote(asked) {
  if (contracts[asked.contract].signs(asked) && !canSign()) return word("needsHttps");
  if (chosen("who") === "own") return word("ownNote");
  if (demo.problem) return word(demo.problem);
  return word(demo.secrets[asked.contract] ? "demoOn" : "demoGone");
}

function showCredentials(asked) {
  byId("demo-note").textContent = demoNote(asked);
  const fields = byId("own");
  fields.hidden = chosen("who") !== "own";
  const names = contracts[asked.contract].secrets(asked);
  const kept = (own[asked.contract] ??= {});
  if (fields.dataset.names === `${asked.contract} ${names}`) return;
  fields.dataset.names = `${asked.contract} ${names}`;
  fields.replaceChildren(...names.map((name) => {
    const input = make("input", {
      type: PUBLIC_SECRETS.has(name) ? "text" : "password", id: `own-${name}`, autocomplete: "off", autocapitalize: "off", spellcheck: "false",
    });
    input.value = kept[name] ?? "";
    input.addEventListener("input", () => { kept[name] = input.value.trim(); });
    return make("label", {}, make("span", {}, SECRET_NAMES[name]), input);
  }));
}

function showSamples(asked) {
  const names = contracts[asked.contract].secrets(asked);
  const texts = samples({
    request: asked, names, secrets: chosen("who") === "demo" ? demo.secrets[asked.contract] ?? null : null,
    photos: Array.from({ length: most() }, (_, at) => photos.list[at] ?? { name: at ? `photo-${at + 1}.jpg` : "photo.jpg" }),
    origin: location.origin, note: word("ownInSamples"),
  });
  for (const [name, text] of Object.entries(texts)) {
    byId(`panel-${name}`).replaceChildren(
      make("div", { class: "bar" }, make("h3", {}, { curl: "bash", python: "Python", javascript: "Node.js 20" }[name]), copyButton(() => text)),
      make("pre", { class: "code", tabindex: "0" }, text),
    );
  }
}

function redraw() {
  byId("send").firstElementChild.textContent = word(busy ? "sending" : "send");
  byId("missing").textContent = "";
  refresh();
  view.render();
}

// ---- sending

/** What is missing for a call: {text, at (the element to go to)}, or null. */
function missing(asked) {
  const contract = contracts[asked.contract];
  const lacking = most() - photos.list.length;
  if (lacking > 0) return { text: most() === 1 ? word("missingPhoto") : word("missingPhotos", { most: most(), count: lacking }), at: byId("file") };
  if (contract.signs(asked) && !canSign()) return { text: word("needsHttps"), at: form.elements.contract[0] };
  const given = secrets(asked);
  if (!given) return { text: demoNote(asked), at: form.elements.who[1] };
  const empty = contract.secrets(asked).find((name) => !given[name]);
  return empty ? { text: word("missingKey", { name: SECRET_NAMES[empty] }), at: byId(`own-${empty}`) } : null;
}

async function prepared(asked, list) {
  const limit = contracts[asked.contract].limit(list.length, asked);
  const made = await Promise.all(list.map((photo) => fitted(photo, limit, byId("reduce").checked)));
  notes = made.filter(({ note }) => note).map(({ note }) => ["reduced", note]);
  return made.map(({ photo }) => photo);
}

async function send(event) {
  event.preventDefault();
  if (busy) return;
  const asked = request();
  const lack = missing(asked);
  byId("missing").textContent = lack?.text ?? "";
  if (lack) {
    lack.at.focus();
    return;
  }
  const given = { ...secrets(asked) }; // as they are now: making photos smaller takes a while
  setBusy(true);
  try {
    const sent = await prepared(asked, photos.list);
    showNotes();
    const answer = await ask(asked, sent, given);
    const mayDraw = Boolean(demo.secrets.baidu ?? own.baidu?.secret_key);
    view.show({ contract: asked.contract, photos: sent, answer, drawing: null, drawProblem: null, mayDraw });
  } finally {
    setBusy(false);
  }
  if (!answered) openTab("response");
  answered = true;
  byId("head").focus({ preventScroll: true });
  const { top, bottom } = byId("head").getBoundingClientRect();
  if (top < 0 || bottom > innerHeight) byId("stage").scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
}

/** Asks Baidu's contract about the photo that is shown, for its coordinates. */
async function drawToo() {
  const { shown } = view;
  const asked = { contract: "baidu", fields: ["landmark", "quality"] };
  const limit = contracts.baidu.limit(1, asked);
  const photo = (await fitted(shown.photos[0], limit, true)).photo;
  const answer = await ask(asked, [photo], demo.secrets.baidu ?? own.baidu);
  if (view.shown !== shown) return;
  if (answer.problem) view.show({ ...shown, drawProblem: answer.problem });
  else view.show({ ...shown, photos: [photo], drawing: answer.steps.at(-1).body });
  byId(answer.problem ? "draw-too" : "layer-box").focus();
}

function setBusy(on) {
  busy = on;
  const button = byId("send");
  button.setAttribute("aria-disabled", String(on));
  button.classList.toggle("busy", on);
  button.firstElementChild.textContent = word(on ? "sending" : "send");
  byId("answer").setAttribute("aria-busy", String(on));
  say(on ? word("sending") : "");
}

// ---- photos

function notePhoto(key) {
  notes = key ? [[key]] : [];
  showNotes();
}

async function take(files) {
  notePhoto("");
  byId("missing").textContent = "";
  if (files?.length) await photos.addFiles(files);
}

function addUrl() {
  const field = byId("url");
  const url = field.value.trim();
  const good = /^https?:\/\/\S+$/i.test(url);
  field.setAttribute("aria-invalid", String(!good));
  notePhoto(good ? "" : "badUrl");
  if (!good) {
    field.focus();
    return;
  }
  byId("missing").textContent = "";
  photos.addUrl(url);
  field.value = "";
}

function listenForPhotos() {
  byId("file").addEventListener("change", async (event) => {
    await take(event.target.files);
    event.target.value = "";
  });
  const drop = byId("drop");
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    take(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) take(event.clipboardData.files);
  });
  byId("url-add").addEventListener("click", addUrl);
  byId("url").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) { event.preventDefault(); addUrl(); }
  });
  byId("camera-open").addEventListener("click", async () => {
    notePhoto(await camera.open());
  });
  byId("shoot").addEventListener("click", async () => { if (await camera.shoot()) byId("send").focus(); });
  byId("camera-close").addEventListener("click", () => { camera.close(); byId("camera-open").focus(); });
}

// ---- tabs, as keyboards expect them

const tabs = () => [...byId("tabs").children];

function openTab(name) {
  for (const tab of tabs()) {
    const on = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    byId(tab.getAttribute("aria-controls")).hidden = !on;
  }
}

function listenForTabs() {
  for (const tab of tabs()) tab.addEventListener("click", () => openTab(tab.id.slice(4)));
  byId("tabs").addEventListener("keydown", (event) => {
    const list = tabs();
    const at = list.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: list.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const tab = list[(to + list.length) % list.length];
    openTab(tab.id.slice(4));
    tab.focus();
  });
}

// ---- start

async function fetchDemo() {
  try {
    const response = await fetch("/playground/demo", { cache: "no-store", headers: { Accept: "application/json" } });
    const body = await response.json();
    const words = { "": "", off: "demoOff", host: "demoHost", unavailable: "demoUnavailable" };
    demo = { secrets: body.secrets, problem: words[body.problem] };
  } catch {
    demo = { secrets: {}, problem: "demoOff" };
  }
  if (demo.problem) form.elements.who.value = "own";
}

function start() {
  byId("fields").replaceChildren(...FACE_FIELDS.map((name) => make("label", { class: "chip" }, make("input", { type: "checkbox", id: `field-${name}`, checked: true }), " ", make("code", {}, name))));
  putLanguage(preferredLanguage());
  form.addEventListener("submit", send);
  form.addEventListener("change", (event) => {
    if (event.target.type === "file") return;
    if (["contract", "count"].includes(event.target.name)) photos.setMost(most());
    byId("missing").textContent = "";
    refresh();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  for (const name of ["zh", "en"]) {
    byId(`lang-${name}`).addEventListener("click", () => {
      if (name === currentLanguage()) return;
      putLanguage(name);
      redraw();
    });
  }
  listenForPhotos();
  listenForTabs();
  openTab("curl");
  photos.setMost(most());
  view.render();
  fetchDemo().then(refresh);
}

start();
