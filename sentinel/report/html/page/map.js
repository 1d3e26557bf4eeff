// The map: assets in bands by Purdue level, links between them. The browser lays the nodes out as
// it does text, so the map fits any width; the wires are drawn behind them from where they stand.

const BANDS = [
  ["outside", "Outside", "public addresses"],
  ["5", "Level 5", "enterprise"],
  ["4", "Level 4", "business"],
  ["3.5", "Level 3.5", "demilitarised zone"],
  ["3", "Level 3", "site operations"],
  ["2", "Level 2", "supervision"],
  ["1", "Level 1", "control"],
  ["0", "Level 0", "process"],
  ["none", "No level", "not known"],
];
const WIRES = 400;

function plantMap() {
  const state = { query: "", show: "all", pinned: null };
  const board = el("div", { class: "board" });
  const wires = svg("svg", { class: "wires", "aria-hidden": "true" });
  const note = el("p", { class: "status", role: "status" });
  const tip = el("div", { class: "tip", hidden: true });
  const panel = el("div", { class: "panel", role: "region", "aria-label": "Chosen on the map", hidden: true });
  let drawn = { nodes: [], links: [] };

  const search = el("input", {
    type: "search", id: "map-search", placeholder: "address, type, vendor, protocol", autocomplete: "off", spellcheck: "false",
    oninput: () => { state.query = search.value; draw(); },
  });
  const show = el("select", { id: "map-show", onchange: () => { state.show = show.value; draw(); } },
    el("option", { value: "all" }, "all traffic"),
    el("option", { value: "operations" }, "operations on devices"),
    el("option", { value: "changing" }, "what changes devices"));

  function wanted() {
    const seen = data.conversations.filter((c) => !c.background
      && (state.show === "all" || (state.show === "changing" ? c.changing : listed(c.operations).length)));
    const parts = state.query.toLowerCase().split(/\s+/).filter(Boolean);
    const kept = new Set();
    if (!parts.length && state.show === "all") return [seen, new Set(data.assets)];
    const fits = new Map(data.assets.map((a) => [a, parts.every((part) => mapText(a).includes(part))]));
    const shown = seen.filter((c) => {
      const client = assetOf(c.client), server = assetOf(c.server);
      const protocol = protocolOf(c);
      const fit = fits.get(client) || fits.get(server) || parts.every((part) => protocol.includes(part));
      if (fit) for (const end of [client, server]) if (end) kept.add(end);
      return fit;
    });
    if (parts.length && state.show === "all") for (const [asset, fit] of fits) if (fit) kept.add(asset);
    return [shown, kept];
  }

  function draw() {
    const [conversations, shown] = wanted();
    const places = grouped(shown);
    const nodes = [...new Set(places.values())];
    let found = links(conversations, (asset) => places.get(asset));
    found.sort((a, b) => (b.changing > 0) - (a.changing > 0) || b.packets - a.packets);
    const left = Math.max(found.length - WIRES, 0);
    found = found.slice(0, WIRES);
    arrange(nodes, found);
    drawn = { nodes, links: found };
    const busy = found.length > 60 ? "busy" : "";
    board.className = `board ${busy} ${nodes.length > 80 ? "dense" : nodes.length > 24 ? "" : "roomy"}`;
    board.replaceChildren(wires, ...BANDS.map(([key, name, about]) => bandOf(key, name, about, nodes)).filter(Boolean));
    stagger();
    const parts = [nodes.length < shown.size
      ? `${count(shown.size)} assets in ${count(nodes.length)} groups by level, type and network; search to see them one by one`
      : shown.size < data.assets.length ? `${count(shown.size)} of ${many(data.assets.length, "asset")}` : many(shown.size, "asset")];
    parts.push(many(found.length, "link"));
    if (left) parts.push(`${count(left)} quieter links not drawn`);
    const unlisted = data.totals.assets - data.assets.length;
    if (unlisted > 0) parts.push(`${count(unlisted)} assets are not in this page`);
    note.textContent = parts.join(" · ");
    if (state.pinned && !nodes.includes(state.pinned)) unpin();
    wire();
  }

  function bandOf(key, name, about, nodes) {
    const inside = nodes.filter((node) => node.band === key);
    if (!inside.length) return null;
    return el("div", { class: `band band-${key.replace(".", "-")}`, role: "group", "aria-label": `${name}, ${about}` },
      el("div", { class: "band-name" }, el("strong", {}, name), el("span", {}, about)),
      el("div", { class: "band-nodes" }, inside.map(button)));
  }

  // Moves every other band by half a node, so that a wire between two bands runs through the gaps of
  // the band between them rather than behind its nodes.
  function stagger() {
    [...board.querySelectorAll(".band-nodes")].forEach((band, i) => band.classList.toggle("shift", band.childElementCount % 2 === i % 2));
  }

  function button(node) {
    node.at = el("button", {
      type: "button", class: `node ${node.worst ?? ""} ${node.members.length > 1 ? "many" : ""}`, "aria-pressed": "false",
      onmouseenter: () => light(node), onmouseleave: () => light(state.pinned), onfocus: () => light(node),
      onblur: () => light(state.pinned), onclick: () => pin(node),
    },
    el("span", { class: "node-type" }, node.type, node.worst ? el("span", { class: "hidden" }, `, ${node.worst} exposure`) : null),
    el("span", { class: "node-name address" }, node.name),
    node.about ? el("span", { class: "node-about" }, node.about) : null);
    return node.at;
  }

  // Draws the wires from where the browser has put the nodes.
  function wire() {
    const width = board.clientWidth, height = board.clientHeight;
    for (const node of drawn.nodes) {
      node.box = { x: node.at.offsetLeft, y: node.at.offsetTop, w: node.at.offsetWidth, h: node.at.offsetHeight };
    }
    wires.setAttribute("viewBox", `0 0 ${width} ${height}`);
    wires.setAttribute("width", width);
    wires.setAttribute("height", height);
    const arrows = ["plain", "changing"].map((kind) => svg("marker", {
      id: `arrow-${kind}`, class: `arrow ${kind}`, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8,
      markerUnits: "userSpaceOnUse", orient: "auto" }, svg("path", { d: "M0 0L8 4L0 8Z" })));
    const thin = Math.max(Math.min(1, 60 / drawn.links.length), 0.4);
    const shapes = curves(drawn.links).map(([link, d]) => {
      const kind = link.changing ? "changing" : "plain";
      const wide = Math.min(1 + Math.log10(Math.max(link.packets, 1)) * 0.9, 6) * thin;
      link.line = svg("path", { class: `wire ${kind}`, d, "stroke-width": wide.toFixed(1), "marker-end": `url(#arrow-${kind})` });
      const hit = svg("path", { class: "hit", d, onmouseenter: (event) => over(link, event), onmousemove: follow,
        onmouseleave: () => { tip.hidden = true; light(state.pinned); } });
      return [link.line, hit];
    });
    wires.replaceChildren(svg("defs", {}, arrows), ...shapes.map(([line]) => line), ...shapes.map(([, hit]) => hit));
    light(state.pinned);
  }

  function light(node, only) {
    const lit = only ? [only] : node ? drawn.links.filter((link) => link.from === node || link.to === node) : [];
    const near = new Set(lit.flatMap((link) => [link.from, link.to]));
    if (node) near.add(node);
    board.classList.toggle("dim", Boolean(node || only));
    for (const link of drawn.links) link.line?.classList.toggle("lit", lit.includes(link));
    for (const other of drawn.nodes) other.at.classList.toggle("lit", near.has(other));
  }

  function over(link, event) {
    light(null, link);
    tip.replaceChildren(el("strong", {}, `${link.from.name} → ${link.to.name}`), el("div", {}, spoken(link, 6)),
      el("div", {}, `${many(link.packets, "packet")}, ${size(link.bytes)}`),
      link.changing || listed(link.operations).length ? el("div", { class: link.changing ? "alarm" : null }, done(link.operations)) : null);
    tip.hidden = false;
    follow(event);
  }

  function follow(event) {
    const frame = board.parentElement.getBoundingClientRect();
    const x = event.clientX - frame.left, y = event.clientY - frame.top;
    tip.style.left = `${Math.max(0, Math.min(x + 14, frame.width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${y + 16}px`;
  }

  function pin(node) {
    if (state.pinned === node) return unpin();
    state.pinned?.at.setAttribute("aria-pressed", "false");
    state.pinned = node;
    node.at.setAttribute("aria-pressed", "true");
    panel.replaceChildren(...chosenPanel(node, drawn.links, unpin));
    panel.hidden = false;
    return light(node);
  }

  function unpin() {
    state.pinned?.at.setAttribute("aria-pressed", "false");
    state.pinned = null;
    panel.hidden = true;
    light(null);
  }

  board.addEventListener("keydown", (event) => {
    if (event.key === "Escape") unpin();
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const here = drawn.nodes.find((node) => node.at === document.activeElement);
    if (!step || !here) return;
    event.preventDefault();
    nearest(here, drawn.nodes, step)?.at.focus();
  });

  const box = el("div", {},
    el("div", { class: "tools" }, el("label", { for: "map-search" }, "Search"), search,
      el("label", { for: "map-show" }, "Show"), show, note),
    el("div", { class: "map" }, board, tip, panel), legend());
  let wide = 0;
  new ResizeObserver(() => { if (board.clientWidth !== wide) { wide = board.clientWidth; wire(); } }).observe(board);
  return { box, draw };
}

function legend() {
  const line = (kind, width, text) => el("li", {}, svg("svg", { class: "sample", width: 34, height: 10, "aria-hidden": "true" },
    svg("path", { class: `wire ${kind}`, d: "M1 5H33", "stroke-width": width })), text);
  return el("ul", { class: "legend" }, line("plain", 2, "from client to server, wider with more packets"),
    line("changing", 2, "operations that change the device"),
    el("li", {}, el("span", { class: "edge-sample" }), "left edge of a node: its worst exposure"));
}

// What stands under the map about a chosen node.
function chosenPanel(node, all, close) {
  const one = node.members.length === 1 ? node.members[0] : null;
  const linked = all.filter((link) => link.from === node || link.to === node)
    .sort((a, b) => b.changing - a.changing || b.packets - a.packets);
  const members = node.members.slice(0, 24).map((asset) => jump(asset, asset.address));
  return [
    el("button", { type: "button", class: "close", "aria-label": "Close", onclick: close }, "×"),
    el("h3", {}, one ? [one.address, one.name ? ` · ${one.name}` : ""] : [node.type, ` · ${node.name}`]),
    el("p", {}, one ? [[typeOf(one), one.vendor, one.model ?? one.product, one.firmware].filter(Boolean).join(" · "), " "] : null,
      one ? el("button", { type: "button", class: "jump", onclick: () => revealAsset(one) }, "all about it") : members,
      node.members.length > 24 ? ` and ${count(node.members.length - 24)} more` : null),
    linked.length ? el("ul", { class: "peers" }, linked.slice(0, 12).map((link) => el("li", {},
      el("span", { class: "way" }, link.from === node ? "→" : "←"), " ",
      el("span", { class: "address" }, (link.from === node ? link.to : link.from).name), ` ${spoken(link)}, ${many(link.packets, "packet")}`,
      listed(link.operations).length ? el("span", { class: link.changing ? "alarm" : "what" }, ` ${done(link.operations)}`) : null)))
      : el("p", { class: "what" }, "No link drawn."),
    linked.length > 12 ? el("p", { class: "what" }, `and ${count(linked.length - 12)} more`) : null,
  ].filter(Boolean);
}
