// Puts the page together.

const chart = plantMap();
const parts = [
  ["First", findingsSection()],
  ["Chains", chainsSection()],
  ["Alerts", alertsSection()],
  ["Map", data.assets.length ? section("map", "The map",
    "Assets by Purdue level and who talks to whom. Point at a node or a line, choose one for more.", chart.box) : null],
  ["Assets", assetsSection()],
  ["Credentials", credentialsSection()],
  ["Operations", operationsSection()],
  ["Conversations", conversationsSection()],
  ["Sources", sourcesSection()],
].filter(([, part]) => part);

document.getElementById("head").append(...head());
document.getElementById("nav").append(el("ul", {}, parts.map(([name, part]) => el("li", {}, el("a", { href: `#${part.id}` }, name)))));
document.getElementById("main").append(...parts.map(([, part]) => part));
document.getElementById("foot").append(`sentinel ${clean(data.version)}. Made from what was captured; nothing was sent to the network.`);
chart.draw();

// A link to the page may name an asset: #asset=<id>.
function follow() {
  const asset = assets.get(location.hash.replace(/^#asset=/, ""));
  if (asset) revealAsset(asset);
}
addEventListener("hashchange", follow);
follow();
document.documentElement.dataset.ready = "yes";
