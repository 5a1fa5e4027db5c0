// Lays a JSON text out for reading without touching its values: every number stays as it was sent.

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;
const INLINE = 72;

/** The text with line ends and indents; short flat objects and arrays stay on one line. */
export function laidOut(text) {
  const tokens = text.match(TOKEN) ?? [];
  const lines = [];
  let line = "";
  let depth = 0;
  const indent = () => "  ".repeat(depth);
  const end = () => { lines.push(line); line = indent(); };
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (token === "{" || token === "[") {
      const flat = flatGroup(tokens, at);
      if (flat) {
        line += flat.text;
        at = flat.end;
        continue;
      }
      line += token;
      depth += 1;
      end();
    } else if (token === "}" || token === "]") {
      depth -= 1;
      lines.push(line);
      line = indent() + token;
    } else if (token === ",") {
      line += token;
      end();
    } else {
      line += token === ":" ? ": " : token;
    }
  }
  lines.push(line);
  return lines.join("\n");
}

/** A group without groups in it that fits on a line: its text and its last token's place. */
function flatGroup(tokens, start) {
  let text = tokens[start];
  for (let at = start + 1; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (token === "{" || token === "[") return null;
    text += token === "," ? ", " : token === ":" ? ": " : token;
    if (text.length > INLINE) return null;
    if (token === "}" || token === "]") return { text, end: at };
  }
  return null;
}

/** Fills an element with a laid-out text, its parts marked by kind. */
export function paint(element, text) {
  const part = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|(true|false|null)/g;
  let last = 0;
  for (const found of text.matchAll(part)) {
    element.append(text.slice(last, found.index));
    const span = document.createElement("span");
    span.className = found[2] ? "key" : found[1] ? "text" : "figure";
    span.textContent = found[1] ?? found[0];
    element.append(span, found[2] ?? "");
    last = found.index + found[0].length;
  }
  element.append(text.slice(last));
}
