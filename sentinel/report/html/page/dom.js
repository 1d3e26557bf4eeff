// Elements and words. Captured text only ever becomes a text node or a plain attribute.

const data = JSON.parse(document.getElementById("data").textContent);

const SVG = "http://www.w3.org/2000/svg";
const SEVERITIES = ["informational", "low", "medium", "high", "critical"];
const LONGEST = 400;

// Controls, direction overrides and what has no shape: shown as a mark, so that a name cannot
// reorder or hide what stands beside it.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

function clean(value) {
  const text = String(value).replace(UNSEEN, "\uFFFD");
  return text.length > LONGEST ? text.slice(0, LONGEST) + "…" : text;
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : clean(value));
  }
  for (const child of children.flat()) {
    if (child === undefined || child === null || child === "") continue;
    node.append(child instanceof Node ? child : clean(child));
  }
  return node;
}

const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

const number = new Intl.NumberFormat("en");
const count = (n) => number.format(n ?? 0);
const many = (n, one, more = one + "s") => `${count(n)} ${n === 1 ? one : more}`;

function size(bytes) {
  let left = bytes ?? 0;
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (left < 1000 || unit === "GB") return `${unit === "B" ? left : left.toFixed(1)} ${unit}`;
    left /= 1000;
  }
  return "";
}

const day = (time) => (time ?? "").slice(0, 10);
const clock = (time) => (time ?? "").slice(11, 19);
const moment = (time) => (time ? `${day(time)} ${clock(time)}` : "");

function lasting(seconds) {
  if (seconds < 1) return "less than a second";
  if (seconds < 120) return `${Math.round(seconds)} seconds`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} minutes`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} hours`;
  return `${Math.round(seconds / 86400)} days`;
}

// Where a thing can be seen again: the frame, and of which capture where there are several.
function place(record) {
  if (record?.frame === undefined) return "";
  return data.sources.length > 1 ? `frame ${record.frame} of ${record.source}` : `frame ${record.frame}`;
}

const badge = (severity) => el("span", { class: `badge ${SEVERITIES.includes(severity) ? severity : ""}` }, severity);
const tag = (text, kind = "") => el("span", { class: `tag ${kind}` }, text);
const words = (text) => String(text).replaceAll("_", " ");

function section(id, title, about, ...content) {
  return el("section", { id, "aria-labelledby": `${id}-title` },
    el("h2", { id: `${id}-title` }, title), about ? el("p", { class: "about" }, about) : null, ...content);
}

// A list of names and values, without those that have none.
function pairs(entries) {
  const list = el("dl", { class: "pairs" });
  for (const [name, value] of entries) {
    if (value === undefined || value === null || value === "" || (Array.isArray(value) && !value.length)) continue;
    list.append(el("div", {}, el("dt", {}, name), el("dd", {}, Array.isArray(value) ? value.join(", ") : value)));
  }
  return list;
}

// A plain table, for parts that need neither search nor order.
function grid(caption, names, rows) {
  return el("div", { class: "scroll" }, el("table", { class: "grid" },
    el("caption", {}, caption),
    el("thead", {}, el("tr", {}, names.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, rows.map((cells) => el("tr", {}, cells.map((cell) => el("td", {}, cell)))))));
}
