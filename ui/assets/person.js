// Who is looking, the same on every page: a made-up shopper that was chosen, or a visitor whose random id stays here.
// `element` is this page's component, `server` its functions in Python; Gradio provides both. Every page begins so.
const $ = (selector) => element.querySelector(selector);
const TOAST_MS = 6000;
const visit = `visit-${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
const kept = { // a browser that keeps nothing: for as long as the page is open
  get(name) { try { return localStorage.getItem(name); } catch { return null; } },
  set(name, value) { try { localStorage.setItem(name, value); } catch { /* as said */ } },
};
let madeUp = null;
let undo = null;
let timer = 0;

// Whoever has done something here before; null for a stranger. The pages that record what is done make an id first.
const known = () => kept.get("ws-shopper") || kept.get("ws-visitor");

function person() {
  const id = known() ?? madeUp ?? `visitor-${crypto.randomUUID?.() ?? Math.random().toString(36).slice(2)}`;
  if (!known()) kept.set("ws-visitor", id);
  madeUp = id;
  return id;
}

// Binds the choice of a shopper; `changed` is called after another one was chosen.
function choose(changed) {
  const select = $(".ws-as select");
  select.value = kept.get("ws-shopper") ?? "";
  if (select.selectedIndex < 0) { // one whom this shop no longer has
    select.value = "";
    kept.set("ws-shopper", "");
  }
  select.addEventListener("change", () => {
    kept.set("ws-shopper", select.value);
    madeUp = select.value || null;
    changed();
  });
}

// How far from what is known of somebody's taste they want to be led, 0 to 1; the same on every page.
const adventurousness = () => Number(kept.get("ws-adventurousness") ?? 0.3);

// Binds the slider for it; `changed` is called after it was moved.
function slide(changed = () => {}) {
  const input = $(".ws-slider input");
  input.value = adventurousness();
  input.addEventListener("change", () => { kept.set("ws-adventurousness", input.value); changed(); });
}

// ---- what is done: shown at once, sent behind, taken back if it could not be kept ---------------------------------

// Answers the event's id, or null if it could not be kept.
async function send(kind, item) {
  const id = `${visit}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
  return await server.act({ id, user_id: person(), kind, item_id: item, visit }).catch(() => false) ? id : null;
}

function toast(words, back) {
  clearTimeout(timer);
  undo = back;
  $(".ws-toast span").textContent = words;
  $('.ws-toast [data-act="undo"]').hidden = !back;
  $(".ws-toast").hidden = false;
  timer = setTimeout(() => { $(".ws-toast").hidden = true; }, TOAST_MS);
}

// Hides the cards of an item; `forget` takes the event of that id back.
async function hideItem(item, title, hidden, forget) {
  hidden(true);
  const sent = send("hide", item);
  toast(`“${title}” will not come back.`, async () => {
    hidden(false);
    const id = await sent;
    if (id) await forget(id);
  });
  const id = await sent;
  if (id) return true;
  hidden(false);
  toast("That could not be kept; try again in a moment.");
  return false;
}

async function closer(card) {
  const body = $(".ws-dialog-body");
  body.replaceChildren(card.querySelector("template").content.cloneNode(true));
  Object.assign(body.dataset, card.dataset);
  $(".ws-with").replaceChildren();
  $(".ws-dialog").showModal();
  send("click", card.dataset.id);
  const strip = await server.goes_with({ user: person(), item: card.dataset.id }).catch(() => "");
  if (body.dataset.id === card.dataset.id) $(".ws-with").innerHTML = strip;
}

// ---- the pages: Chat is one of them where the shop has an assistant ------------------------------------------------

function showPages() {
  $('.ws-nav [data-page="chat"]').hidden = kept.get("ws-assistant") !== "yes";
}
showPages();
fetch("pages").then((answer) => answer.json()).then((pages) => {
  kept.set("ws-assistant", pages.chat ? "yes" : "");
  showPages();
}).catch(() => {});
