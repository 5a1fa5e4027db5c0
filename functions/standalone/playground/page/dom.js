// Small helpers: elements, words in two languages, numbers.
import { english } from "./words.en.js";
import { chinese } from "./words.zh.js";

const languages = { en: english, zh: chinese };
const KEPT = "facegate.language";
let language = "en";

export const byId = (id) => document.getElementById(id);

/** Makes an element; text children are text, never markup. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const currentLanguage = () => language;

/** The word for a key in the language that is on, its {places} filled. */
export function word(key, fills = {}) {
  const text = languages[language][key];
  if (text === undefined) throw new Error(`no word for ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => String(fills[name] ?? ""));
}

/** The word for a key if there is one, else the key: for values that a server may say. */
export const wordOr = (key, otherwise) => languages[language][key] ?? otherwise;

/** The language that was chosen last, else the browser's. */
export function preferredLanguage() {
  try {
    const kept = localStorage.getItem(KEPT);
    if (kept in languages) return kept;
  } catch { /* storage may be closed to pages */ }
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/** Puts a language on: every marked element, and the next time. */
export function putLanguage(name) {
  language = name;
  try {
    localStorage.setItem(KEPT, name);
  } catch { /* then it is chosen anew next time */ }
  document.documentElement.lang = name === "zh" ? "zh-CN" : "en";
  document.title = word("title");
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", word(element.dataset.label));
  byId("lang-zh").setAttribute("aria-pressed", String(name === "zh"));
  byId("lang-en").setAttribute("aria-pressed", String(name === "en"));
}

/** A number as a person reads it: four digits, small ones as powers of ten. */
export function number(value) {
  if (value === 0 || Number.isInteger(value)) return String(value);
  if (Math.abs(value) < 0.0001) return value.toExponential(1).replace("e-", " × 10⁻").replace(/⁻(\d+)$/, (_, n) => "⁻" + raised(n));
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) < 0.01 ? 5 : 3;
  const text = value.toFixed(digits);
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
}

const raised = (digits) => [...digits].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("");

export function bytes(count) {
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${Math.round(count / 1000)} kB`;
  return `${(count / 1e6).toFixed(1)} MB`;
}

/** Says something to those who listen to the page. */
export function say(text) {
  byId("said").textContent = text;
}

/** A button that copies what `text` gives, and says so. */
export function copyButton(text) {
  const button = make("button", { type: "button", class: "button copy" }, word("copy"));
  button.addEventListener("click", async () => {
    const done = await copy(text());
    button.textContent = word(done ? "copied" : "notCopied");
    say(button.textContent);
    setTimeout(() => { button.textContent = word("copy"); }, 2000);
  });
  return button;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch { // not at a secure address: the old way
    const area = make("textarea", { class: "unseen", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
