// What opens under an asset: everything known about it, each piece with its evidence.

function assetDetail(asset) {
  const parts = [identity(asset)];
  if (asset.exposures) parts.push(block("Exposures", exposures(asset.exposures)));
  if (asset.services) parts.push(block("Offers", services(asset.services)));
  const talks = peers(asset);
  if (talks.length) parts.push(block("Talks to", grid("Conversations of this asset",
    ["way", "other end", "protocol", "packets", "operations"], talks)));
  if (asset.roles) parts.push(block("Why this type", roles(asset.roles)));
  if (asset.facts) parts.push(block("Facts", facts(asset)));
  return el("div", { class: "about-asset" }, parts);
}

const block = (title, ...content) => el("div", { class: "block" }, el("h4", {}, title), ...content);

function identity(asset) {
  return pairs([
    ["addresses", asset.ip], ["MAC", asset.mac], ["host names", asset.hostnames],
    ["other addresses", (asset.other ?? []).map((other) => `${other.kind} ${other.value}`)],
    ["name", asset.name], ["vendor", asset.vendor], ["product", asset.product], ["model", asset.model],
    ["firmware", asset.firmware], ["hardware", asset.hardware], ["serial", asset.serial], ["system", asset.os],
    ["location", asset.location], ["client of", asset.clients], ["first seen", moment(asset.first)], ["last seen", moment(asset.last)],
    ["traffic", asset.packets ? `${many(asset.packets, "packet")}, ${size(asset.bytes)}` : ""], ["id", asset.id],
  ]);
}

function evidence(list) {
  return (list ?? []).map((e) => [e.protocol, e.field, e.value === undefined ? "" : `“${e.value}”`, place(e)].filter(Boolean).join(" "));
}

function exposures(list) {
  return el("ul", { class: "plain" }, list.map((exposure) => el("li", {}, badge(exposure.severity), " ", exposure.title ?? exposure.kind,
    el("ul", { class: "evidence" }, evidence(exposure.evidence).map((text) => el("li", {}, text))))));
}

function services(list) {
  return grid("Services of this asset", ["port", "protocol", "product", "TLS", "evidence"], list.map((s) => [
    s.port ? `${s.transport}/${s.port}` : s.transport, s.protocol ?? "not identified",
    [s.product, s.version].filter(Boolean).join(" "), s.tls ? [s.tls.version, s.tls.subject].filter(Boolean).join(" ") || "yes" : "", place(s)]));
}

function peers(asset) {
  return data.conversations.filter((c) => !c.background && (assetOf(c.client) === asset || assetOf(c.server) === asset))
    .sort((a, b) => b.packets - a.packets).slice(0, 20).map((c) => {
      const client = assetOf(c.client) === asset;
      return [client ? "→ as client" : "← as server", naming(client ? c.server : c.client),
        c.protocol && c.port ? `${c.protocol} ${c.transport}/${c.port}` : protocolOf(c), count(c.packets), done(c.operations)];
    });
}

function roles(list) {
  return el("ul", { class: "plain" }, list.map((role) => el("li", {}, el("strong", {}, typeOf({ type: role.role })),
    ` ${Number(role.score).toFixed(1)} points`,
    el("ul", { class: "evidence" }, evidence(role.because).map((text) => el("li", {}, text))))));
}

function facts(asset) {
  const rows = asset.facts.map((f) => [words(f.name), typeof f.value === "object" ? JSON.stringify(f.value) : f.value,
    (f.field ?? "").startsWith(`${f.protocol}.`) ? f.field : [f.protocol, f.field].filter(Boolean).join(" "), f.by === "other" ? "said by others" : "said by itself", count(f.count), place(f)]);
  return [grid("Facts about this asset", ["name", "value", "seen in", "by", "times", "evidence"], rows),
    asset.facts_left ? el("p", { class: "what" }, `${count(asset.facts_left)} more facts in --format json`) : null];
}
