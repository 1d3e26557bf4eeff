// Where things stand on the map: groups, the order in a band, the course of the wires.

const UNKNOWN = "unknown type";
const SINGLE = 150;
const GROUPS = 80;

// Asset -> node. One node each up to SINGLE assets; above, one per level, type and network, with
// the public addresses in one and wider networks until they are few enough.
function grouped(shown) {
  const places = new Map();
  if (shown.size <= SINGLE) {
    for (const asset of shown) places.set(asset, single(asset));
    return places;
  }
  for (const [width, apart] of [[0, true], [0, false], [1, false], [2, false]]) {
    const groups = new Map();
    for (const asset of shown) {
      const net = width < 2 && (apart || asset.band !== "outside") ? asset.subnets[width] : "";
      const key = `${asset.band}\n${asset.type ?? ""}\n${net}`;
      let group = groups.get(key);
      if (!group) groups.set(key, group = { key, band: asset.band, members: [], net, type: typeOf(asset) || UNKNOWN });
      group.members.push(asset);
      places.set(asset, group);
    }
    if (groups.size <= GROUPS || width === 2) {
      for (const group of groups.values()) finish(group);
      return places;
    }
  }
  return places;
}

function single(asset) {
  return {
    key: asset.id, band: asset.band, members: [asset], type: typeOf(asset) || UNKNOWN, name: asset.address,
    about: [asset.vendor, asset.model ?? asset.product ?? asset.name].filter(Boolean).join(" ") || asset.hostnames?.[0] || "",
    worst: asset.worst,
  };
}

function finish(group) {
  if (group.members.length === 1) return Object.assign(group, single(group.members[0]), { key: group.key });
  group.type = `${count(group.members.length)} × ${group.type}`;
  group.name = group.net || "several networks";
  group.about = several([...new Set(group.members.map((asset) => asset.vendor).filter(Boolean))]);
  group.worst = SEVERITIES[Math.max(...group.members.map((asset) => SEVERITIES.indexOf(asset.worst)))];
  return group;
}

const several = (names) => names.slice(0, 2).join(", ") + (names.length > 2 ? ` and ${names.length - 2} more` : "");

function mapText(asset) {
  return [asset.address, ...(asset.ip ?? []), ...(asset.mac ?? []), ...(asset.hostnames ?? []), asset.what, asset.type, typeOf(asset),
    asset.vendor, asset.product, asset.name, asset.band, ...(asset.services ?? []).map((s) => s.protocol)]
    .filter(Boolean).join(" ").toLowerCase();
}

// Orders the nodes of every band so that linked ones stand near one another: each moves to the
// weighted middle of its neighbours, over a few sweeps; those without links stand last.
function arrange(nodes, found) {
  const near = new Map(nodes.map((node) => [node, []]));
  for (const link of found) {
    const weight = 1 + Math.log10(Math.max(link.packets, 1));
    near.get(link.from).push([link.to, weight]);
    near.get(link.to).push([link.from, weight]);
  }
  const bands = BANDS.map(([key]) => nodes.filter((node) => node.band === key));
  const number = () => bands.forEach((band) => band.forEach((node, i) => { node.spot = (i + 0.5) / band.length; }));
  number();
  for (let sweep = 0; sweep < 8; sweep++) {
    for (const band of sweep % 2 ? [...bands].reverse() : bands) {
      for (const node of band) {
        const others = near.get(node);
        const all = others.reduce((sum, [, weight]) => sum + weight, 0);
        node.pull = all ? others.reduce((sum, [other, weight]) => sum + other.spot * weight, 0) / all : 2;
      }
      band.sort((a, b) => a.pull - b.pull);
      band.forEach((node, i) => { node.spot = (i + 0.5) / band.length; });
    }
  }
  nodes.splice(0, nodes.length, ...bands.flat());
}

// [link, path] for every link. Ends are spread along the edge of a node in the order of where they
// go, so that wires leave it side by side.
function curves(found) {
  const ports = new Map();
  const ends = found.map((link) => {
    const level = Math.abs(middle(link.from).y - middle(link.to).y) < link.from.box.h / 2;
    const down = !level && middle(link.from).y < middle(link.to).y;
    const end = { link, level, out: level || !down ? "top" : "bottom", in: level || down ? "top" : "bottom" };
    port(ports, link.from, end.out, link.to, end, "start");
    port(ports, link.to, end.in, link.from, end, "stop");
    return end;
  });
  for (const { node, side, list } of ports.values()) {
    list.sort((a, b) => middle(a.other).x - middle(b.other).x);
    const gap = Math.min(10, (node.box.w - 24) / Math.max(list.length, 1));
    list.forEach(({ end, which }, i) => {
      end[which] = { x: middle(node).x + (i - (list.length - 1) / 2) * gap, y: side === "top" ? node.box.y : node.box.y + node.box.h };
    });
  }
  return ends.map((end) => [end.link, course(end)]);
}

const middle = ({ box }) => ({ x: box.x + box.w / 2, y: box.y + box.h / 2 });

function port(ports, node, side, other, end, which) {
  const key = `${node.key}\n${side}`;
  if (!ports.has(key)) ports.set(key, { node, side, list: [] });
  ports.get(key).list.push({ other, end, which });
}

function course({ start, stop, level }) {
  const at = (n) => n.toFixed(1);
  if (level) {
    const high = Math.min(start.y, stop.y) - Math.min(14 + Math.abs(start.x - stop.x) * 0.05, 34);
    return `M${at(start.x)} ${at(start.y)}C${at(start.x)} ${at(high)} ${at(stop.x)} ${at(high)} ${at(stop.x)} ${at(stop.y)}`;
  }
  const bend = Math.max(Math.abs(stop.y - start.y) * 0.45, 18) * Math.sign(stop.y - start.y);
  return `M${at(start.x)} ${at(start.y)}C${at(start.x)} ${at(start.y + bend)} ${at(stop.x)} ${at(stop.y - bend)} ${at(stop.x)} ${at(stop.y)}`;
}

// The node nearest in a direction, for the arrow keys.
function nearest(here, nodes, [dx, dy]) {
  let best = null, least = Infinity;
  for (const node of nodes) {
    const x = middle(node).x - middle(here).x, y = middle(node).y - middle(here).y;
    const along = x * dx + y * dy, aside = Math.abs(x * dy) + Math.abs(y * dx);
    if (node !== here && along > 4 && along + aside * 2 < least) { least = along + aside * 2; best = node; }
  }
  return best;
}
