// The parts of the page, in reading order.

const span = (() => {
  const first = data.sources.map((s) => s.first).filter(Boolean).sort()[0];
  const last = data.sources.map((s) => s.last).filter(Boolean).sort().at(-1);
  const start = Date.parse(first ?? ""), end = Date.parse(last ?? "");
  return { first, last, start, seconds: Math.max((end - start) / 1000, 0) || 0 };
})();

function head() {
  const names = data.sources.map((s) => String(s.source ?? s.name));
  const title = names.length === 1 ? names[0] : many(names.length, "capture");
  document.title = `${clean(title)} · sentinel`;
  const packets = data.sources.reduce((sum, s) => sum + (s.packets ?? 0), 0);
  const bytes = data.sources.reduce((sum, s) => sum + (s.bytes ?? 0), 0);
  const facts = [many(packets, "packet"), size(bytes)];
  if (span.first) facts.push(`${moment(span.first)} to ${day(span.first) === day(span.last) ? clock(span.last) : moment(span.last)} UTC`, lasting(span.seconds));
  const totals = ["chains", "alerts", "assets", "conversations", "credentials", "operations"].filter((name, i) => i > 1 || data.totals[name]);
  return [el("p", { class: "product" }, "sentinel report"), el("h1", {}, title), el("p", { class: "about" }, facts.join(" · ")),
    el("ul", { class: "totals" }, totals.map((name) => el("li", {},
      el("a", { href: `#${name}` }, el("strong", {}, count(data.totals[name])), " ", data.totals[name] === 1 ? name.slice(0, -1) : name))))];
}

function findingsSection() {
  const list = data.findings.map((finding) => el("li", { class: finding.severity }, badge(finding.severity),
    el("div", {}, el("p", {}, linked(finding)), finding.evidence ? el("p", { class: "what" }, finding.evidence) : null)));
  const rest = list.splice(12);
  return section("findings", "Look at this first", "",
    list.length ? el("ol", { class: "findings" }, list) : el("p", { class: "calm" }, "Nothing was found that asks to be looked at first."),
    rest.length ? el("details", {}, el("summary", {}, `${many(rest.length, "more finding")}`), el("ol", { class: "findings" }, rest)) : null);
}

// The sentence of a finding, its addresses as links to their assets.
function linked(finding) {
  const known = new Map();
  for (const asset of finding.assets.map((id) => assets.get(id)).filter(Boolean)) {
    for (const address of [asset.address, ...(asset.ip ?? []), ...(asset.mac ?? [])]) known.set(address, asset);
  }
  return finding.text.slice(0, 2 * LONGEST).split(/([\s,]+)/).map((word) => (known.has(word) ? jump(known.get(word), word) : word));
}

function assetsSection() {
  const names = (asset) => [...new Set((asset.services ?? []).map((s) => s.protocol ?? `${s.transport}/${s.port}`))];
  const list = listing({
    id: "assets", caption: "Assets", noun: "asset", rows: data.assets, total: data.totals.assets,
    key: (a) => `${a.address} ${a.id}`, detail: assetDetail,
    extra: (a) => [mapText(a), a.serial, a.location, ...(a.other ?? []).map((o) => o.value)].join(" "),
    columns: [
      { name: "Address", value: (a) => a.address, cell: (a) => el("span", { class: "address" }, a.address) },
      { name: "Name", value: (a) => a.name ?? a.hostnames?.[0] },
      { name: "Type", value: (a) => typeOf(a) },
      { name: "Level", value: (a) => a.level, number: true },
      { name: "Make and model", value: (a) => [a.vendor, a.model ?? a.product].filter(Boolean).join(" ") },
      { name: "Firmware", value: (a) => a.firmware },
      { name: "Services", value: (a) => names(a).join(" "), cell: (a) => tags(names(a), 6) },
      { name: "Exposures", value: (a) => (a.worst ? SEVERITIES.indexOf(a.worst) : ""), number: false,
        cell: (a) => el("span", { class: "tags" }, exposed(a).map(([kind, severity]) => tag(words(kind).replaceAll("-", " "), severity))) },
      { name: "Packets", value: (a) => a.packets, number: true, cell: (a) => count(a.packets) },
    ],
  });
  revealAsset = list.reveal;
  return section("assets", "What is there", "Open a row to see its facts, each with the frame that shows it.", list.box);
}

function tags(names, most) {
  return el("span", { class: "tags" }, names.slice(0, most).map((name) => tag(name)), names.length > most ? ` +${names.length - most}` : null);
}

// Kinds of exposure of an asset with the worst severity of each, the worst first.
function exposed(asset) {
  const kinds = new Map();
  const rank = (severity) => SEVERITIES.indexOf(severity);
  for (const { kind, severity } of asset.exposures ?? []) if (rank(severity) > rank(kinds.get(kind))) kinds.set(kind, severity);
  return [...kinds].sort((a, b) => rank(b[1]) - rank(a[1]));
}

function credentialsSection() {
  if (!data.credentials.length) return null;
  const list = listing({
    id: "credentials", caption: "Secrets on the wire", noun: "credential", rows: data.credentials, total: data.totals.credentials,
    columns: [
      { name: "Protocol", value: (c) => c.protocol },
      { name: "Server", value: (c) => naming(c.server), cell: (c) => ending(c.server) },
      { name: "Client", value: (c) => naming(c.client), cell: (c) => ending(c.client) },
      { name: "User", value: (c) => c.username },
      { name: "Secret", value: (c) => c.password ?? c.secret ?? c.kind, cell: (c) => [el("code", {}, c.password ?? c.secret ?? "–"), " ", el("span", { class: "what" }, c.kind)] },
      { name: "Log-in", value: (c) => c.outcome, cell: (c) => el("span", { class: `outcome ${c.outcome}` }, LOGIN[c.outcome] ?? c.outcome) },
      { name: "Weak because", value: (c) => (c.weaknesses ?? []).join(" "), cell: (c) => tags(c.weaknesses ?? [], 9) },
      { name: "Times", value: (c) => c.count, number: true, cell: (c) => count(c.count) },
      { name: "Evidence", value: (c) => c.frame, cell: place },
    ],
  });
  return section("credentials", "Secrets on the wire", "Masked. Secrets that are equal have the same mark in --format json (secret_id).", list.box);
}

const LOGIN = { success: "worked", failure: "failed", unknown: "not seen" };

function operationsSection() {
  if (!data.operations.length) return null;
  const changing = data.operations.filter((o) => o.changing);
  const byTime = (list) => [...list].sort((a, b) => collator.compare(a.first, b.first));
  const list = listing({
    id: "operations", caption: "Operations", noun: "operation", rows: byTime(changing.length ? changing : data.operations),
    total: 0, extra: (o) => `${o.category} ${detailOf(o)}`,
    columns: [
      { name: "First", value: (o) => o.first, cell: (o) => (span.seconds > 86400 ? moment(o.first) : clock(o.first)) },
      { name: "When", value: (o) => o.last, cell: bar },
      { name: "Action", value: (o) => o.action, cell: (o) => tag(words(o.action), o.changing ? "alarm" : "") },
      { name: "Operation", value: (o) => `${o.protocol} ${words(o.name)}`,
        cell: (o) => [`${o.protocol} ${words(o.name)}`, detailOf(o) ? el("div", { class: "what" }, detailOf(o)) : null] },
      { name: "By", value: (o) => naming(o.client), cell: (o) => ending(o.client) },
      { name: "To", value: (o) => naming(o.server), cell: (o) => ending(o.server) },
      { name: "Outcome", value: (o) => o.outcome, cell: (o) => el("span", { class: `outcome ${o.outcome}` }, words(o.outcome).replace("-", " ")) },
      { name: "Times", value: (o) => o.count, number: true, cell: (o) => count(o.count) },
      { name: "Evidence", value: (o) => o.frame, cell: place },
    ],
  });
  if (changing.length && changing.length < data.operations.length) {
    const box = el("input", { type: "checkbox", id: "operations-all", onchange: () => list.replace(byTime(box.checked ? data.operations : changing)) });
    list.tools.append(el("label", { class: "check", for: "operations-all" }, box, ` also what only reads (${count(data.operations.length - changing.length)})`));
  }
  const left = data.totals.operations - data.operations.length;
  return section("operations", "What was done", changing.length ? "What changes a device, in order of time."
    : "Nothing that changes a device was seen; these operations read, look around or log in.", list.box,
  left > 0 ? el("p", { class: "what" }, `${count(left)} more operations in --format json`) : null);
}

// Where in the time of the capture an operation was seen.
function bar(o) {
  const part = (time) => (span.seconds ? Math.min(Math.max((Date.parse(time) - span.start) / 10 / span.seconds, 0), 100) : 0);
  const mark = el("span", { class: `mark ${o.changing ? "changing" : ""}` });
  const from = part(o.first), to = part(o.last ?? o.first);
  mark.style.left = `${Math.min(from, 98)}%`;
  mark.style.width = `max(4px, ${to - from}%)`;
  return el("span", { class: "bar", role: "img", "aria-label": `${moment(o.first)} to ${moment(o.last ?? o.first)}` }, mark);
}

function detailOf(o) {
  return Object.entries(o.detail ?? {}).map(([name, value]) => {
    if (name === "addresses" && Array.isArray(value)) {
      return value.slice(0, 4).map((a) => (a.count > 1 ? `${a.start}–${a.start + a.count - 1}` : `${a.start}`)).join(", ");
    }
    return `${words(name)} ${typeof value === "object" ? JSON.stringify(value) : value}`;
  }).join(" · ");
}

function conversationsSection() {
  if (!data.conversations.length) return null;
  const rows = [...data.conversations].sort((a, b) => Boolean(b.protocol) - Boolean(a.protocol) || a.background - b.background || b.packets - a.packets);
  const list = listing({
    id: "conversations", caption: "Conversations", noun: "conversation", rows, total: data.totals.conversations,
    columns: [
      { name: "Client", value: (c) => naming(c.client), cell: (c) => ending(c.client) },
      { name: "Server", value: (c) => naming(c.server), cell: (c) => ending(c.server) },
      { name: "Protocol", value: (c) => c.protocol, cell: (c) => c.protocol ?? el("span", { class: "what" }, "not identified") },
      { name: "Port", value: (c) => c.port, cell: (c) => (c.port ? `${c.transport}/${c.port}` : c.transport), number: true },
      { name: "Packets", value: (c) => c.packets, number: true, cell: (c) => count(c.packets) },
      { name: "Bytes", value: (c) => c.bytes, number: true, cell: (c) => size(c.bytes) },
      { name: "Operations", value: (c) => done(c.operations), cell: (c) => el("span", { class: c.changing ? "alarm" : null }, done(c.operations)) },
    ],
  });
  return section("conversations", "Who talks to whom", "", list.box);
}

function alertsSection() {
  if (!data.alerts.length) return null;
  const level = (a) => SEVERITIES[Math.min(Math.max((a["event.severity"] ?? 1) - 1, 0), 4)];
  const list = listing({
    id: "alerts", caption: "Alerts", noun: "alert", rows: data.alerts, total: data.totals.alerts,
    columns: [
      { name: "Time", value: (a) => moment(a["@timestamp"]) },
      { name: "Severity", value: (a) => a["event.severity"] ?? 1, cell: (a) => badge(level(a)) },
      { name: "Rule", value: (a) => a["rule.name"] ?? a["rule.id"] },
      { name: "What happened", value: (a) => a["event.reason"] },
      { name: "From", value: (a) => a["source.ip"] ?? a["source.mac"] },
      { name: "To", value: (a) => a["destination.ip"] ?? a["destination.mac"] },
    ],
  });
  return section("alerts", "Alerts", "", list.box);
}

function sourcesSection() {
  const rows = data.sources.map((s) => [s.name ?? s.source, count(s.packets), size(s.bytes), moment(s.first), moment(s.last),
    (s.link_types ?? []).join(", "), caveats(s).join("; ") || "none", el("code", { class: "digest" }, s.sha256 ?? "")]);
  const counted = (title, counters) => (Object.keys(counters).length
    ? block(title, grid(title, ["counter", "number"], Object.entries(counters).map(([name, n]) => [words(name), count(n)]))) : null);
  return section("sources", "What was read", "", grid("Sources",
    ["source", "packets", "bytes", "first", "last", "link", "keep in mind", "SHA-256"], rows),
  counted("Not understood, PDUs per protocol", data.parse_errors), counted("Bounds and oddities met on the way", data.limits));
}

function caveats(s) {
  const list = [...(s.warnings ?? [])];
  if (s.cut) list.unshift("ends inside a packet: the capture was cut");
  if (s.truncated) list.push(`${count(s.truncated)} packets shorter than on the wire`);
  if (s.dropped) list.push(`${count(s.dropped)} packets lost by the capturing side`);
  return list;
}
