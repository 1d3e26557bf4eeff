// Who is who, and who talks to whom: conversations summed per pair of assets.

const assets = new Map();
for (const asset of data.assets) for (const id of [asset.id, ...(asset.aliases ?? [])]) assets.set(id, asset);

const endOf = (end) => end?.ip ?? end?.mac ?? "?";
const assetOf = (end) => (end?.asset ? assets.get(end.asset) : undefined);

// An end as text: its address and what it is.
function naming(end) {
  const what = assetOf(end)?.what;
  return what ? `${endOf(end)} (${what})` : endOf(end);
}

const SHORT = new Set("plc rtu ied pac hmi io nvr obu rsu ups tv".split(" "));
const typeOf = (asset) => (asset.type ?? "").split("-").map((word) => (SHORT.has(word) ? word.toUpperCase() : word === "scada" ? "SCADA" : word === "iot" ? "IoT" : word)).join(" ");

// The same as a link into the asset table, where the asset is in it.
function ending(end) {
  const asset = assetOf(end);
  if (!asset) return el("span", { class: "address" }, endOf(end));
  return el("span", { class: "end" }, jump(asset, endOf(end)), asset.what ? el("span", { class: "what" }, asset.what) : null);
}

const jump = (asset, text) => el("button", { type: "button", class: "jump address", onclick: () => revealAsset(asset) }, text);

// Filled in when the asset table stands.
let revealAsset = () => {};

function protocolOf(conversation) {
  if (conversation.protocol) return conversation.protocol;
  return conversation.port ? `${conversation.transport}/${conversation.port}` : conversation.transport ?? "?";
}

const listed = (operations) => Object.entries(operations ?? {}).sort((a, b) => b[1] - a[1]);
const done = (operations) => listed(operations).map(([action, n]) => `${action} ${count(n)}`).join(", ");

// Sums conversations per (place of client, place of server); what goes from a place to itself, or
// has an end that is no asset (multicast, or not in this page), is not drawn.
function links(conversations, placeOf) {
  const found = new Map();
  for (const c of conversations) {
    const from = placeOf(assetOf(c.client)), to = placeOf(assetOf(c.server));
    if (!from || !to || from === to) continue;
    const key = `${from.key}\n${to.key}`;
    let link = found.get(key);
    if (!link) found.set(key, link = { from, to, packets: 0, bytes: 0, changing: 0, operations: {}, protocols: new Map() });
    link.packets += c.packets;
    link.bytes += c.bytes ?? 0;
    link.changing += c.changing;
    const name = protocolOf(c);
    link.protocols.set(name, (link.protocols.get(name) ?? 0) + c.packets);
    for (const [action, n] of Object.entries(c.operations ?? {})) link.operations[action] = (link.operations[action] ?? 0) + n;
  }
  return [...found.values()];
}

// The protocols of a link, the busiest first.
function spoken(link, most = 4) {
  const names = [...link.protocols].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  return names.slice(0, most).join(", ") + (names.length > most ? ` and ${names.length - most} more` : "");
}
