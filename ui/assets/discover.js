// The browser's side of the Discover page: who is shopping, what they did here, and the feed that follows from it.
// `server` has the functions of ui/discover.py; person.js and shelf.js stand before this.
let user = null;
let cursor = null;
let turn = 0;
let settle = 0;

// ---- the feed ----------------------------------------------------------------------------------------------------

// `more` adds a page below; without it the grid is filled anew, from the top or, with `from`, with what follows there.
async function page(more, from = null) {
  const mine = ++turn;
  element.classList.add("ws-busy");
  if (!more) say("Choosing…");
  let found;
  try {
    found = await server.feed({ user, adventurousness: adventurousness(), cursor: more ? cursor : from });
  } catch {
    found = { cards: "", count: 0, cursor: null, stage: "", notice: lost };
  }
  if (mine !== turn) return; // something else was asked meanwhile
  element.classList.remove("ws-busy");
  const grid = $(".ws-grid");
  if (more && found.notice) {
    $(".ws-place").innerHTML = found.notice;
    return;
  }
  if (!more) grid.replaceChildren();
  const before = grid.children.length;
  grid.insertAdjacentHTML("beforeend", found.cards);
  drawHearts();
  cursor = found.cursor;
  $(".ws-place").innerHTML = found.notice;
  $(".ws-next").hidden = !cursor;
  if (!more || found.stage) say(found.stage);
  if (more) grid.children[before]?.querySelector("button").focus({ preventScroll: true });
}

const lost = `<div class="ws-notice" role="alert"><h2>The page lost its connection</h2>
  <p>Nothing is lost; try again in a moment.</p><button type="button" class="ws-primary" data-act="again">Try again</button></div>`;

function say(words) {
  $(".ws-status").textContent = words;
}

// ---- what the shopper does ---------------------------------------------------------------------------------------

async function forget(id) {
  show(await server.steer({ user, what: "event", id }).catch(() => ({ failed: true })));
}

// What is saved joins the shortlist, which stands beside the chat.
function shelved() {
  const link = $(".ws-shelf");
  const total = together();
  link.hidden = !shortlist.length || kept.get("ws-assistant") !== "yes";
  link.textContent = `Shortlist ${shortlist.length}${total && ` · ${total}`}`;
}

const hear = (words) => { $(".ws-heard").textContent = words; };

async function hide(button) {
  const card = button.closest(".ws-card");
  const next = card.nextElementSibling ?? card.previousElementSibling;
  const hidden = (yes) => {
    card.hidden = yes;
    (yes ? next : card)?.querySelector(".ws-hide").focus({ preventScroll: true });
  };
  if (await hideItem(card.dataset.id, card.dataset.title, hidden, forget)) refreshSoon();
}

// ---- the taste ---------------------------------------------------------------------------------------------------

function refreshSoon() {
  clearTimeout(settle);
  settle = setTimeout(refresh, 400);
}

async function refresh() {
  const whose = user;
  const view = await server.taste({ user }).catch(() => null);
  if (view && whose === user) show(view);
}

function show(view) {
  if (view.failed) {
    toast("That did not work; try again in a moment.");
    return;
  }
  const open = [...element.querySelectorAll(".ws-own:has(details[open])")].map((one) => one.dataset.id);
  $(".ws-figure").innerHTML = view.map;
  $(".ws-beliefs").innerHTML = view.interests;
  for (const one of element.querySelectorAll(".ws-own")) {
    if (open.includes(one.dataset.id)) one.querySelector("details").open = true;
  }
}

async function steer(button) {
  const what = button.dataset.what;
  const { id } = button.closest("[data-id]").dataset;
  button.disabled = true;
  const view = await server.steer({ user, what, id }).catch(() => ({ failed: true }));
  button.disabled = false;
  show(view);
  if (!view.failed) page(false);
}

// ---- what can be pressed -----------------------------------------------------------------------------------------

const acts = {
  hide, steer,
  save: async (button) => { await save(button); refreshSoon(); },
  more: () => page(true),
  again: () => { page(false); refresh(); },
  fresh: () => { page(false, cursor); scrollTo({ top: 0 }); },
  undo: () => { $(".ws-toast").hidden = true; undo?.(); },
  close: () => $(".ws-dialog").close(),
  like: (button) => {
    const { id, title } = button.closest("[data-id]").dataset;
    location.href = `search?${new URLSearchParams({ like: id, title })}`;
  },
  open: async (button) => { await closer(button.closest(".ws-card")); refreshSoon(); },
  everything: async (button) => {
    if (button.dataset.sure) {
      show(await server.steer({ user, what: "everything" }).catch(() => ({ failed: true })));
      page(false);
      return;
    }
    button.dataset.sure = "yes";
    button.textContent = "Really forget everything?";
  },
};

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (button && acts[button.dataset.act]) {
    event.preventDefault();
    acts[button.dataset.act](button);
  } else if (event.target === $(".ws-dialog")) acts.close();
});
choose(() => {
  user = person();
  page(false);
  readShelf();
  refresh();
});
slide(() => page(false));

user = person();
readShelf();
if (matchMedia("(min-width: 900px)").matches) $(".ws-taste").open = true;
page(false);
refresh();
