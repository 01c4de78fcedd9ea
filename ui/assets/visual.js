// The browser's side of visual discovery: keeps what is asked, draws the region, and puts results into the grid.
// `server` has the functions of ui/visual.py; person.js and upload.js stand before this.
const nothing = () => ({ text: "", picture: null, region: null, like: [], likeTitle: "", filters: {}, sort: "relevance" });

let ask = nothing();
let cursor = null;
let shown = 0;
let turn = 0;
const asked = []; // what was asked before, for the browser's Back

// ---- asking ----------------------------------------------------------------------------------------------------

async function search({ remember = true } = {}) {
  if (remember) {
    asked.push(structuredClone(ask));
    history.pushState({ ws: asked.length - 1 }, "");
  }
  cursor = null;
  reflect();
  await page(false);
}

async function page(more) {
  const mine = ++turn;
  element.classList.add("ws-busy");
  $(".ws-results").setAttribute("aria-busy", "true");
  if (!more) say(asking() ? "Looking…" : "");
  let found;
  try {
    found = await server.find({ ...ask, user: known(), cursor: more ? cursor : null });
  } catch {
    found = { cards: "", count: 0, cursor: null, notice: lost };
  }
  if (mine !== turn) return; // something else was asked meanwhile
  element.classList.remove("ws-busy");
  $(".ws-results").removeAttribute("aria-busy");
  if (more && found.notice) {
    $(".ws-place").innerHTML = found.notice;
    return;
  }
  const grid = $(".ws-grid");
  if (!more) {
    grid.replaceChildren();
    shown = 0;
  }
  grid.insertAdjacentHTML("beforeend", found.cards);
  const first = grid.children[shown];
  shown += found.count;
  cursor = found.cursor;
  $(".ws-place").innerHTML = found.notice;
  $(".ws-next").hidden = !cursor;
  say(found.notice ? "" : headline());
  if (more) first?.querySelector("button").focus({ preventScroll: true });
}

const lost = `<div class="ws-notice" role="alert"><h2>The page lost its connection</h2>
  <p>Nothing is lost; try again in a moment.</p><button type="button" class="ws-primary" data-act="again">Try again</button></div>`;

const asking = () => Boolean(ask.text || ask.picture || ask.like.length);

function headline() {
  if (!asking()) return Object.keys(ask.filters).length ? "What fits your filters" : "In the window today";
  return ask.like.length ? "More like this" : ask.picture ? "Looks like your picture" : `For “${ask.text}”`;
}

function say(words) {
  $(".ws-status").textContent = words;
}

// ---- showing what is asked ---------------------------------------------------------------------------------------

function reflect() {
  $("#ws-text").value = ask.text;
  $(".ws-sort select").value = ask.sort;
  $(".ws-tries").hidden = asking() || !$(".ws-tries button");
  $(".ws-look").hidden = !ask.picture;
  const image = $(".ws-crop img");
  if (ask.picture && image.src !== ask.picture) image.src = ask.picture;
  drawBox();
  for (const input of $(".ws-panel").elements) {
    const value = ask.filters[input.name];
    if (input.type === "checkbox") input.checked = Array.isArray(value) ? value.includes(input.value) : Boolean(value);
    else if (input.name) input.value = value ?? "";
  }
  const chips = [];
  if (ask.like.length) chips.push([`Like: ${ask.likeTitle}`, () => { ask.like = []; }]);
  for (const [kind, value] of Object.entries(ask.filters)) {
    if (Array.isArray(value)) for (const one of value) chips.push([one, () => drop(kind, one)]);
    else chips.push([{ price_min: `from ${value}`, price_max: `up to ${value}`, in_stock: "in stock" }[kind], () => drop(kind)]);
  }
  $(".ws-chips").replaceChildren(...chips.map(([words, remove]) => chip(words, remove)));
  const count = Object.values(ask.filters).flat().length;
  $(".ws-count").hidden = !count;
  $(".ws-count").textContent = count;
}

function chip(words, remove) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "ws-chip";
  button.textContent = words;
  button.setAttribute("aria-label", `Remove ${words}`);
  button.addEventListener("click", () => { remove(); search(); });
  return button;
}

function drop(kind, value) {
  const kept = value === undefined ? [] : ask.filters[kind].filter((one) => one !== value);
  if (kept.length) ask.filters[kind] = kept;
  else delete ask.filters[kind];
}

// ---- the picture and its region ----------------------------------------------------------------------------------

async function look(file) {
  try {
    ask.picture = await smallJpeg(file);
  } catch {
    $(".ws-place").innerHTML = `<div class="ws-notice" role="alert"><h2>That is no picture your browser can open</h2>
      <p>JPEG, PNG and WebP always work.</p></div>`;
    return;
  }
  Object.assign(ask, { region: null, like: [], likeTitle: "" });
  await search();
}

const crop = $(".ws-crop");
let corner = null;

function place(event) {
  const frame = crop.getBoundingClientRect();
  const within = (value) => Math.min(1, Math.max(0, value));
  return [within((event.clientX - frame.left) / frame.width), within((event.clientY - frame.top) / frame.height)];
}

function span([ax, ay], [bx, by]) {
  return { x0: Math.min(ax, bx), y0: Math.min(ay, by), x1: Math.max(ax, bx), y1: Math.max(ay, by) };
}

function drawBox() {
  const box = $(".ws-box");
  const region = ask.region;
  box.hidden = !region;
  $('[data-act="whole"]').hidden = !region;
  if (!region) return;
  const percent = (value) => `${100 * value}%`;
  Object.assign(box.style, {
    left: percent(region.x0), top: percent(region.y0),
    width: percent(region.x1 - region.x0), height: percent(region.y1 - region.y0),
  });
}

crop.addEventListener("pointerdown", (event) => {
  corner = place(event);
  crop.setPointerCapture(event.pointerId);
});
crop.addEventListener("pointermove", (event) => {
  if (!corner) return;
  ask.region = span(corner, place(event));
  drawBox();
});
crop.addEventListener("pointerup", (event) => {
  if (!corner) return;
  const region = span(corner, place(event));
  corner = null;
  const tiny = region.x1 - region.x0 < 0.04 || region.y1 - region.y0 < 0.04;
  const before = Boolean(ask.region);
  ask.region = tiny ? null : region;
  drawBox();
  if (!tiny || before) search();
});
crop.addEventListener("pointercancel", () => { corner = null; });

const STEP = 0.05;
const KEYS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
let settle = 0;
crop.addEventListener("keydown", (event) => {
  const move = KEYS[event.key];
  if (!move) return;
  event.preventDefault();
  const { x0, y0, x1, y1 } = ask.region ?? { x0: 0.25, y0: 0.25, x1: 0.75, y1: 0.75 };
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  if (event.shiftKey) {
    ask.region = { x0, y0, x1: clamp(x1 + move[0], x0 + STEP, 1), y1: clamp(y1 + move[1], y0 + STEP, 1) };
  } else {
    const left = clamp(x0 + move[0], 0, 1 - (x1 - x0));
    const top = clamp(y0 + move[1], 0, 1 - (y1 - y0));
    ask.region = { x0: left, y0: top, x1: Math.min(1, left + x1 - x0), y1: Math.min(1, top + y1 - y0) };
  }
  drawBox();
  clearTimeout(settle);
  settle = setTimeout(search, 600);
});

// ---- what can be pressed -----------------------------------------------------------------------------------------

const acts = {
  pick: () => $("#ws-file").click(),
  unpick: () => { Object.assign(ask, { picture: null, region: null }); search(); },
  whole: () => { ask.region = null; search(); },
  more: () => page(true),
  again: () => { if (!$(".ws-panel").elements.length) begin(); search({ remember: false }); },
  fresh: () => { ask = nothing(); search(); },
  close: () => $(".ws-dialog").close(),
  drop: (button) => {
    const kind = button.dataset.kind;
    if (kind === "all") ask.filters = {};
    else for (const name of kind === "price" ? ["price_min", "price_max"] : [kind]) delete ask.filters[name];
    search();
  },
  like: (button) => {
    const card = button.closest("[data-id]");
    ask = { ...nothing(), like: [card.dataset.id], likeTitle: card.dataset.title };
    $(".ws-dialog").close();
    search();
    element.scrollIntoView({ block: "start" });
  },
  open: (button) => {
    const card = button.closest(".ws-card");
    const body = $(".ws-dialog-body");
    body.replaceChildren(card.querySelector("template").content.cloneNode(true));
    Object.assign(body.dataset, { id: card.dataset.id, title: card.dataset.title });
    $(".ws-dialog").showModal();
  },
};

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (button && acts[button.dataset.act]) {
    event.preventDefault();
    acts[button.dataset.act](button);
  } else if (event.target === $(".ws-dialog")) acts.close();
});

$(".ws-search").addEventListener("submit", (event) => {
  event.preventDefault();
  ask.text = $("#ws-text").value.trim();
  Object.assign(ask, { like: [], likeTitle: "" });
  search();
});
takePictures(look);

$(".ws-sort select").addEventListener("change", (event) => { ask.sort = event.target.value; search(); });
$(".ws-panel").addEventListener("submit", (event) => event.preventDefault());
$(".ws-panel").addEventListener("change", () => {
  const filters = {};
  for (const [name, value] of new FormData($(".ws-panel"))) {
    if (name === "in_stock") filters.in_stock = true;
    else if (name.startsWith("price")) { if (value) filters[name] = Number(value); }
    else (filters[name] ??= []).push(value);
  }
  ask.filters = filters;
  search();
});
addEventListener("popstate", (event) => {
  ask = structuredClone(asked[event.state?.ws] ?? nothing());
  search({ remember: false });
});

// ---- the beginning -----------------------------------------------------------------------------------------------

async function begin() {
  const { filters, examples } = await server.start().catch(() => ({ filters: "", examples: [] }));
  $(".ws-panel").innerHTML = filters;
  $(".ws-filters").hidden = !filters;
  const tries = $(".ws-tries");
  tries.querySelectorAll("button").forEach((button) => button.remove());
  for (const words of examples) {
    const button = chip(words, () => { ask.text = words; });
    button.className = "ws-try";
    button.setAttribute("aria-label", `Search for ${words}`);
    tries.append(button);
  }
  reflect();
}

if (matchMedia("(min-width: 900px)").matches) $(".ws-filters").open = true;
begin();
const pointed = new URLSearchParams(location.search); // from a card of the Discover page
if (pointed.get("like")) Object.assign(ask, { like: [pointed.get("like")], likeTitle: pointed.get("title") ?? "" });
search({ remember: false });
