// A table that can be searched and ordered, and whose rows can open to show more.

const STEP = 100;

// columns: {name, value(row) to order and search by, cell(row) to show, number: right-aligned}
// detail(row): what opens under a row; key(row): the row's name, for reveal.
function listing({ id, caption, noun, columns, rows, total, detail, key, extra }) {
  const state = { query: "", by: null, down: false, most: STEP };
  const open = new Set();
  const texts = new Map();
  const body = el("tbody");
  const status = el("p", { class: "status", role: "status" });
  const more = el("button", { type: "button", class: "more", onclick: () => { state.most += STEP * 5; draw(); } }, "Show more");
  const search = el("input", {
    type: "search", id: `${id}-search`, placeholder: "any word", autocomplete: "off", spellcheck: "false",
    oninput: () => { state.query = search.value; state.most = STEP; draw(); },
  });

  const heads = columns.map((column) => {
    const button = el("button", { type: "button", onclick: () => order(column) }, column.name);
    return el("th", { scope: "col", class: column.number ? "number" : null }, button);
  });

  function order(column) {
    state.down = state.by === column ? !state.down : Boolean(column.number);
    state.by = column;
    heads.forEach((head, i) => {
      if (columns[i] === column) head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    draw();
  }

  const value = (column, row) => column.value(row) ?? "";

  function textOf(row) {
    if (!texts.has(row)) {
      const cells = columns.map((column) => value(column, row)).join(" ");
      texts.set(row, `${cells} ${extra ? extra(row) : ""}`.toLowerCase());
    }
    return texts.get(row);
  }

  function chosen() {
    const parts = state.query.toLowerCase().split(/\s+/).filter(Boolean);
    const found = parts.length ? rows.filter((row) => parts.every((part) => textOf(row).includes(part))) : [...rows];
    if (state.by) {
      const sign = state.down ? -1 : 1;
      found.sort((a, b) => compare(value(state.by, a), value(state.by, b), sign));
    }
    return found;
  }

  function draw() {
    const found = chosen();
    body.replaceChildren(...found.slice(0, state.most).flatMap(lines));
    more.hidden = found.length <= state.most;
    const shown = Math.min(found.length, state.most);
    const parts = [shown < found.length || found.length < rows.length
      ? `${count(shown)} of ${many(rows.length, noun)} shown` : many(rows.length, noun)];
    if (total > rows.length) parts.push(`${count(total - rows.length)} more are not in this page; --format json has them all`);
    status.textContent = parts.join(" · ");
  }

  function lines(row) {
    const cells = columns.map((column, i) => {
      const shown = column.cell ? column.cell(row) : value(column, row);
      const lead = detail && i === 0 ? toggle(row) : null;
      return el(i === 0 ? "th" : "td", { scope: i === 0 ? "row" : null, class: column.number ? "number" : null }, lead,
        Array.isArray(shown) ? shown : [shown]);
    });
    const line = el("tr", { "data-key": key?.(row), class: open.has(row) ? "open" : null }, cells);
    if (!detail || !open.has(row)) return [line];
    return [line, el("tr", { class: "detail" }, el("td", { colspan: columns.length }, detail(row)))];
  }

  function toggle(row) {
    const is = open.has(row);
    return el("button", {
      type: "button", class: "toggle", "aria-expanded": String(is), "aria-label": `Details of ${key(row)}`,
      onclick: () => { if (is) open.delete(row); else open.add(row); draw(); find(row)?.querySelector(".toggle").focus(); },
    }, is ? "▾" : "▸");
  }

  const find = (row) => [...body.children].find((line) => line.dataset.key === clean(key(row)));

  // Opens a row and brings it into view, whatever is searched for at the moment.
  function reveal(row) {
    search.value = state.query = "";
    state.most = Math.max(state.most, chosen().indexOf(row) + 1);
    open.add(row);
    draw();
    const line = find(row);
    line?.scrollIntoView({ block: "start" });
    line?.querySelector(".toggle")?.focus({ preventScroll: true });
  }

  function replace(now) { rows = now; state.most = STEP; draw(); }

  draw();
  const box = el("div", { class: "listing" },
    el("div", { class: "tools" }, el("label", { for: `${id}-search` }, "Search"), search, status),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
      el("table", { class: "rows" }, el("caption", {}, caption), el("thead", {}, el("tr", {}, heads)), body)),
    more);
  return { box, reveal, replace, tools: box.firstChild };
}

const collator = new Intl.Collator("en", { numeric: true });

// Numbers by size, texts as people order them, what is absent last whatever the direction.
function compare(a, b, sign) {
  if (a === "" || b === "") return (a === "") - (b === "");
  return sign * (typeof a === "number" && typeof b === "number" ? a - b : collator.compare(a, b));
}
