// Attack chains: a drawing (a row for each host, a column for each step, in order of time) and the
// steps in words beneath it.

const COLUMNS = 40;
const ROWS = 24;
const STEP_WIDTH = 52;
const ROW_HEIGHT = 34;
const NAMES = 190;
const TOP = 46;

function chainsSection() {
  const chains = data.chains.filter((chain) => chain.state !== "merged").sort((a, b) => (b.score ?? 0) - (a.score ?? 0));
  if (!chains.length) return null;
  const shown = chains.slice(0, 12).map(chainArticle);
  const rest = chains.length - shown.length;
  return section("chains", "How it went on", "Alerts that belong together, as one course of events: hosts from above to below, steps from left to right.",
    shown, rest > 0 ? el("p", { class: "what" }, `${many(rest, "more chain")} in --format json`) : null);
}

function chainArticle(chain) {
  const steps = chain.steps ?? [];
  const story = chosenSteps(chain, steps);
  const list = el("ol", { class: "steps" }, story.map((step) => stepItem(chain, step)));
  const drawn = story.length ? chainDrawing(chain, story, list) : null;
  const left = steps.length - story.length;
  return el("article", { class: "chain", id: `chain-${chain.id}` },
    el("h3", {}, chain.title ?? (chain.tactics ?? []).join(" → ")),
    el("p", { class: "what" }, [many(chain.alert_count ?? 0, "alert"), many(steps.length, "step"), `${moment(chain.first)} to ${moment(chain.last)} UTC`,
      chain.score === undefined ? "" : `score ${Number(chain.score).toFixed(0)}`, chain.state, chain.id].filter(Boolean).join(" · ")),
    drawn, advice(chain), list,
    left > 0 ? el("p", { class: "what" }, `${many(left, "more step")} in --format json; those on the path that scores most are all here.`) : null);
}

// The path that scores most whole, and of the other steps the gravest that have room.
function chosenSteps(chain, steps) {
  const path = new Set(chain.path ?? []);
  const order = [...steps].sort((a, b) => path.has(b.n) - path.has(a.n) || (b.severity ?? 0) - (a.severity ?? 0) || a.n - b.n);
  return order.slice(0, COLUMNS).sort((a, b) => a.n - b.n);
}

const hostOf = (step, side) => step[side] ?? step[`${side}_asset`] ?? "unknown";

function hostLabel(name, asset) {
  const what = asset ? assets.get(asset)?.what : undefined;
  return what ? `${name} · ${what}` : name;
}

// Hosts in order of their first part in the story; those beyond the bound share the last row.
function hostRows(story) {
  const rows = new Map(), labels = [];
  for (const step of story) {
    for (const side of ["source", "destination"]) {
      const name = hostOf(step, side);
      if (rows.has(name)) continue;
      if (labels.length < ROWS) {
        rows.set(name, labels.length);
        labels.push({ name, asset: step[`${side}_asset`] });
      } else {
        if (labels.length === ROWS) labels.push({ name: "other hosts" });
        rows.set(name, ROWS);
      }
    }
  }
  return { rows, labels };
}

function chainDrawing(chain, story, list) {
  const { rows, labels } = hostRows(story);
  const path = new Set(chain.path ?? []);
  const x = (i) => NAMES + STEP_WIDTH * (i + 0.5), y = (row) => TOP + ROW_HEIGHT * (row + 0.5);
  const width = NAMES + STEP_WIDTH * story.length + 20, height = TOP + ROW_HEIGHT * labels.length + 8;
  const place = new Map(story.map((step, i) => [step.n, { step, i }]));
  const parts = [];
  labels.forEach((label, row) => {
    const text = hostLabel(label.name, label.asset);
    parts.push(svg("line", { class: "host-line", x1: NAMES - 6, x2: width - 8, y1: y(row), y2: y(row) }),
      svg("text", { class: "host-name", x: NAMES - 12, y: y(row) + 4, "text-anchor": "end" }, svg("title", {}, text),
        text.length > 27 ? text.slice(0, 26) + "…" : text));
  });
  story.forEach((step, i) => {
    const before = step.because ? place.get(step.because.step) : undefined;
    if (before) parts.push(linkLine(before, step, i, x, y, rows, path));
  });
  let told = { day: "", minute: "" };
  story.forEach((step, i) => {
    const now = { day: day(step.time), minute: clock(step.time).slice(0, 5) };
    if (now.day !== told.day) parts.push(svg("text", { class: "when", x: x(i), y: 16, "text-anchor": "middle" }, now.day.slice(5)));
    if (now.day !== told.day || now.minute !== told.minute) parts.push(svg("text", { class: "when", x: x(i), y: 32, "text-anchor": "middle" }, now.minute));
    told = now;
    parts.push(stepMark(step, i, x, y, rows, path.has(step.n), () => point(list, step.n)));
  });
  return el("div", { class: "scroll story" }, svg("svg", { class: "chain-map", width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `${many(story.length, "step")} between ${many(labels.length, "host")}: ${chain.title ?? ""}` },
  svg("defs", {}, svg("marker", { id: `head-${chain.id}`, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" },
    svg("path", { class: "chain-head", d: "M0,0 L8,4 L0,8 z" }))), parts));

  function stepMark(step, i, x, y, rows, main, choose) {
    const from = rows.get(hostOf(step, "source")), to = rows.get(hostOf(step, "destination"));
    const severity = SEVERITIES[Math.min(Math.max((step.severity ?? 1) - 1, 0), 4)];
    const gap = from < to ? -10 : 10;
    return svg("g", { class: `step-mark ${severity} ${main ? "main" : ""}`, tabindex: 0, role: "button", "aria-label": `Step ${step.n}: ${step.rule ?? ""}`,
      onclick: choose, onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(); } } },
    svg("title", {}, [`${step.n}. ${step.rule ?? ""}`, step.tactic, `${hostOf(step, "source")} → ${hostOf(step, "destination")}`, moment(step.time),
      step.because?.text].filter(Boolean).join("\n")),
    from === to ? null : svg("line", { class: "step-line", x1: x(i), x2: x(i), y1: y(from), y2: y(to) + gap, "marker-end": `url(#head-${chain.id})` }),
    svg("circle", { class: "step-to", cx: x(i), cy: y(to), r: 4 }),
    svg("circle", { class: "step-dot", cx: x(i), cy: y(from), r: 11 }),
    svg("text", { class: "step-number", x: x(i), y: y(from) + 4, "text-anchor": "middle" }, step.n));
  }
}

// Why a step belongs: a curve from the step before it, at the host both have in common.
function linkLine(before, step, i, x, y, rows, path) {
  const kind = step.because.link;
  const shared = kind === "victim" ? hostOf(step, "destination") : hostOf(step, "source");
  const from = rows.get(kind === "actor" ? hostOf(before.step, "source") : hostOf(before.step, "destination"));
  const to = rows.get(shared);
  const x1 = x(before.i) + 11, x2 = x(i) - 12, bend = Math.min((x2 - x1) / 2, 60);
  const main = path.has(step.n) && path.has(before.step.n);
  return svg("path", { class: `because ${main ? "main" : ""}`, d: `M${x1},${y(from)} C${x1 + bend},${y(from)} ${x2 - bend},${y(to)} ${x2},${y(to)}` });
}

function stepItem(chain, step) {
  const severity = SEVERITIES[Math.min(Math.max((step.severity ?? 1) - 1, 0), 4)];
  const main = (chain.path ?? []).includes(step.n);
  const end = (side) => ending({ ip: hostOf(step, side), asset: step[`${side}_asset`] });
  const frames = (step.frames ?? []).slice(0, 6).map((frame) => place({ ...frame, source: frame.source ?? "" }));
  return el("li", { value: step.n, "data-step": step.n, class: main ? "main" : null },
    el("p", {}, badge(severity), " ", el("strong", {}, step.rule ?? ""), " ", el("span", { class: "what" }, [step.tactic, step.technique].filter(Boolean).join(" · "))),
    el("p", { class: "what" }, `${moment(step.time)} · `, end("source"), " → ", end("destination"), ` · ${many(step.count ?? 1, "time")}`,
      frames.length ? ` · ${frames.join(", ")}` : ""),
    step.because ? el("p", { class: "what" }, `Because ${step.because.text ?? `${step.because.link} of step ${step.because.step}`} (weight ${Number(step.because.weight ?? 0).toFixed(2)})`) : null);
}

function advice(chain) {
  const list = (chain.next ?? []).map(advised).filter(Boolean);
  return list.length ? el("div", { class: "block" }, el("h4", {}, "What to do next"), el("ul", { class: "next" }, list.map((text) => el("li", {}, text)))) : null;
}

function point(list, n) {
  for (const item of list.children) item.classList.toggle("chosen", item.dataset.step === String(n));
  list.querySelector(".chosen")?.scrollIntoView({ block: "center" });
}

// One piece of advice as a sentence.
function advised(one) {
  const where = one.ip ?? one.asset ?? "", because = one.because ? ` (${one.because})` : "";
  if (one.do === "look") return `Look at ${where}${because}`;
  if (one.do === "evidence") {
    const frames = (one.frames ?? []).slice(0, 6).map((frame) => frame.frame).join(", ");
    return `See ${frames ? `frame ${frames}` : many((one.events ?? []).length, "event")} for step ${one.step}${because}`;
  }
  if (one.do === "change-credential") return `Change the ${one.protocol ?? ""} secret${one.username ? ` of ${one.username}` : ""} on ${where}${because}`;
  if (one.do === "playbook") return `Consider the playbook ${one.name}${because}`;
  return one.text;
}
