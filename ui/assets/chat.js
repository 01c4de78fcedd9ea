// The browser's side of the Chat page: which conversation is open, what is being said, and the turns as they stream in.
// `server` has the functions of ui/chat.py; person.js, upload.js, answer.js, shelf.js and shortlist.js stand before this.
const POINTED = 8; // items that one message may be about

let conversation = null; // its id, once the shop has given it one
let photo = null; // the picture that goes with the next message, a data: URI
let picked = []; // items that the next message is about: { id, title }
let running = null; // the turn that streams now: { abort, turn }

// ---- a turn ------------------------------------------------------------------------------------------------------

// `ask`: message, picture, picked, intent. With `place`, the turn stands where that one stood, and replaces it in the
// conversation if it got into it.
async function say(ask, place = null) {
  stop();
  const turn = form(ask);
  turn.number = place?.number;
  if (place) place.replaceWith(turn);
  else $(".ws-thread").append(turn);
  settle();
  $(".ws-welcome").hidden = true;
  $(".ws-place").replaceChildren();
  waiting(turn, "Reading your message");
  if (turn.previousElementSibling && !place) turn.scrollIntoView({ block: "start", behavior: calm() });

  const abort = new AbortController();
  running = { abort, turn };
  reflect();
  const body = {
    message: ask.message, picture: ask.picture, intent: ask.intent, replaces: place?.number,
    item_ids: ask.picked.map((one) => one.id), conversation_id: conversation, user_id: person(),
    adventurousness: adventurousness(),
  };
  try {
    const response = await fetch("turns", {
      method: "POST", signal: abort.signal, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    if (response.status === 413) told.error(turn, { words: "That picture is too large. Try a smaller one.", again: false });
    else if (!response.ok) throw new Error(response.status);
    else await listen(response, (name, data) => { if (running?.turn === turn) told[name]?.(turn, data); });
    if (!turn.finished) throw new Error("cut off");
  } catch {
    if (abort.signal.aborted) stopped(turn);
    else if (!turn.finished) told.error(turn, { words: "The connection was lost. Nothing is lost; try again in a moment.", again: true });
  }
  if (running?.turn !== turn) return;
  running = null;
  reflect();
  listConversations();
}

const told = {
  intent(turn, { conversation_id, turn: number, chips }) {
    turn.number = number;
    if (conversation_id && conversation !== conversation_id) {
      conversation = conversation_id;
      history.replaceState({}, "", `?c=${encodeURIComponent(conversation)}`);
      listConversations();
    }
    turn.querySelector(".ws-understood").innerHTML = chips;
    waiting(turn, "Choosing pieces", Boolean(chips));
  },
  items(turn, { cards, count, compared, named, relaxed, total }) {
    const grid = turn.querySelector(".ws-grid");
    grid.className = `ws-grid${compared ? " ws-side-by-side" : ""}`;
    grid.innerHTML = cards;
    grid.hidden = !count;
    turn.querySelector(".ws-table").innerHTML = compared;
    line(turn, ".ws-together", total);
    line(turn, ".ws-relaxed", relaxed.map((one) => sentence(one.text)).join(" "));
    for (const { field, value } of relaxed) letGo(turn, field, value);
    callByName(turn, named);
    drawHearts();
    reflectPicked();
    waiting(turn, "Writing");
    if (count) hear(`${count} ${count === 1 ? "piece" : "pieces"}.`);
  },
  delta(turn, { text }) {
    if (!text) return;
    turn.text = (turn.text ?? "") + text;
    turn.querySelector(".ws-said").classList.remove("ws-wait");
    turn.frame ??= requestAnimationFrame(() => { turn.frame = null; write(turn, turn.text, turn.finished); });
  },
  citations(turn, { items }) {
    turn.cites = new Map(items.map(({ number, id }) => [number, id]));
  },
  usage(turn, { cost }) {
    turn.querySelector(".ws-cost").innerHTML = cost;
    turn.querySelector(".ws-cost").hidden = !cost;
  },
  done(turn, { answer }) {
    ended(turn);
    write(turn, answer ?? turn.text ?? "", true);
  },
  error(turn, { words, again, fresh }) {
    ended(turn);
    write(turn, turn.text ?? "", true);
    const button = again ? '<button type="button" class="ws-primary" data-act="again">Try again</button>'
      : fresh ? '<button type="button" class="ws-primary" data-act="fresh">New conversation</button>' : "";
    trouble(turn, words, button);
  },
};

function trouble(turn, words, button) {
  const place = turn.querySelector(".ws-trouble");
  place.innerHTML = `<p role="alert"></p>${button}`;
  place.firstChild.textContent = words;
}

function ended(turn) {
  turn.finished = true;
  turn.classList.remove("ws-running");
  const said = turn.querySelector(".ws-said");
  if (said.classList.contains("ws-wait")) { said.classList.remove("ws-wait"); said.replaceChildren(); }
  for (const bone of turn.querySelectorAll(".ws-bone")) bone.remove();
}

function stop() {
  running?.abort.abort(); // the page's server hangs up on the shop, which stops the model
}

function stopped(turn) {
  ended(turn);
  write(turn, turn.text ?? "", true);
  trouble(turn, "Stopped.", '<button type="button" class="ws-again" data-act="again">Ask again</button>');
}

// What is being waited for, where the words will be; bones of cards where the cards will be.
function waiting(turn, words, bones = false) {
  const said = turn.querySelector(".ws-said");
  said.classList.add("ws-wait");
  said.textContent = `${words}…`;
  const grid = turn.querySelector(".ws-grid");
  if (bones && !grid.children.length) grid.innerHTML = '<div class="ws-bone" aria-hidden="true"><i></i><b></b><b></b></div>'.repeat(4);
  if (!bones) for (const bone of turn.querySelectorAll(".ws-bone")) bone.remove();
}

function line(turn, selector, words) {
  const place = turn.querySelector(selector);
  place.textContent = words;
  place.hidden = !words;
}

const sentence = (words) => `${words[0].toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? "" : "."}`;

function letGo(turn, field, value) {
  const chips = [...turn.querySelectorAll(`.ws-understood [data-field="${CSS.escape(field)}"]`)];
  for (const chip of chips) if (chips.length === 1 || chip.dataset.value === value) chip.classList.add("ws-let-go");
}

function callByName(turn, named) {
  const chips = turn.querySelectorAll('.ws-understood [data-field="item_refs"]');
  if (chips.length !== named.length) return;
  chips.forEach((chip, i) => {
    chip.querySelector("span:last-child").textContent = named[i];
    if (chip.ariaLabel) chip.ariaLabel = `Remove ${named[i]}`;
  });
}

function form(ask) {
  const turn = $(".ws-turn-form").content.firstElementChild.cloneNode(true);
  turn.ask = ask;
  turn.classList.add("ws-running");
  turn.querySelector(".ws-asked p").textContent = ask.message;
  turn.querySelector(".ws-asked p").hidden = !ask.message;
  const about = turn.querySelector(".ws-asked-about");
  if (ask.picture) about.append(Object.assign(new Image(), { src: ask.picture, alt: "Your picture", className: "ws-yours" }));
  else if (ask.hadPicture) about.append(Object.assign(document.createElement("span"), { textContent: "With a picture of yours" }));
  for (const { id, title } of ask.picked) about.append(Object.assign(new Image(64, 64), { src: picture(id), alt: title, title }));
  about.hidden = !about.children.length;
  return turn;
}

// Only the last turn can be put differently: what came after an earlier one was said because of it.
function settle() {
  const turns = [...element.querySelectorAll(".ws-thread > .ws-turn")];
  turns.forEach((turn, n) => turn.classList.toggle("ws-latest", n === turns.length - 1));
}

const calm = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth");
const latest = () => $(".ws-thread > .ws-latest");

// ---- conversations -----------------------------------------------------------------------------------------------

function fresh({ push = true } = {}) {
  stop();
  running = null;
  conversation = null;
  $(".ws-thread").replaceChildren();
  $(".ws-place").replaceChildren();
  $(".ws-welcome").hidden = false;
  Object.assign($("#ws-say"), { value: "" });
  unpick();
  picked = [];
  reflect();
  markConversation();
  for (const side of element.querySelectorAll(".ws-side:popover-open")) side.hidePopover();
  if (push && location.search) history.pushState({}, "", location.pathname);
  if (matchMedia("(hover: hover)").matches) $("#ws-say").focus({ preventScroll: true });
}

async function open(id, { push = true } = {}) {
  fresh({ push: false });
  $(".ws-welcome").hidden = true;
  conversation = id;
  markConversation();
  if (push) history.pushState({}, "", `?c=${encodeURIComponent(id)}`);
  element.classList.add("ws-busy");
  const found = await server.resume({ id, user: person() }).catch(() => ({ sorry: { words: lost, again: true } }));
  element.classList.remove("ws-busy");
  if (conversation !== id) return; // another one was opened meanwhile
  if (found.sorry) {
    const { words, again } = found.sorry;
    const button = again ? `<button type="button" class="ws-primary" data-act="reopen">Try again</button>`
      : '<button type="button" class="ws-primary" data-act="fresh">New conversation</button>';
    $(".ws-place").innerHTML = `<div class="ws-notice" role="alert"><h2>This conversation did not open</h2><p></p>${button}</div>`;
    $(".ws-place p").textContent = words;
    return;
  }
  for (const { message, picture: shown, lost_picture: hadPicture, pointed, events } of found.turns) {
    const turn = form({ message, picture: shown, hadPicture, picked: pointed });
    turn.classList.toggle("ws-told", hadPicture); // it cannot be sent again without its picture
    turn.told = Infinity; // nobody wants all of it read out
    $(".ws-thread").append(turn);
    for (const [name, data] of events) told[name]?.(turn, data);
    ended(turn);
    write(turn, turn.text ?? "", true);
  }
  settle();
  latest()?.scrollIntoView({ block: "start" });
}

const lost = "The page lost its connection. Nothing is lost; try again in a moment.";

async function listConversations() {
  const whose = person();
  const found = await server.conversations({ user: whose }).catch(() => null);
  if (whose !== person()) return;
  $(".ws-talks-note").textContent = found === null ? "Earlier conversations cannot be shown just now." : found.length ? "" : "They are kept here, to go on with later.";
  if (found) $(".ws-talk-list").replaceChildren(...found.map(talk));
  markConversation();
}

function talk({ id, title, updated }) {
  const row = document.createElement("li");
  row.dataset.id = id;
  const go = Object.assign(document.createElement("button"), { type: "button", className: "ws-talk", title });
  go.dataset.act = "talk";
  const words = document.createElement("span");
  words.textContent = title || "A picture";
  const when = document.createElement("small");
  when.textContent = ago(updated);
  go.append(words, when);
  const off = Object.assign(document.createElement("button"), { type: "button", className: "ws-off", textContent: "×" });
  off.dataset.act = "delete";
  off.setAttribute("aria-label", `Delete the conversation ${title}`);
  row.append(go, off);
  return row;
}

function ago(time) {
  const minutes = (Date.now() - new Date(time)) / 60000;
  if (minutes < 1) return "just now";
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  if (minutes < 60) return words.format(-Math.round(minutes), "minute");
  if (minutes < 60 * 24) return words.format(-Math.round(minutes / 60), "hour");
  return words.format(-Math.round(minutes / 60 / 24), "day");
}

function markConversation() {
  for (const row of element.querySelectorAll(".ws-talk-list > li")) {
    row.firstChild.toggleAttribute("aria-current", row.dataset.id === conversation);
  }
}

// ---- what the next message carries -------------------------------------------------------------------------------

async function look(file) {
  try {
    photo = await smallJpeg(file);
  } catch {
    toast("That is no picture your browser can open. JPEG, PNG and WebP always work.");
    return;
  }
  hear("Your picture is added.");
  reflect();
  $("#ws-say").focus({ preventScroll: true });
}

function unpick() {
  photo = null;
  reflect();
}

function reflect() {
  const busy = Boolean(running);
  element.querySelector(".ws-chat").classList.toggle("ws-streaming", busy);
  const go = $(".ws-go");
  go.setAttribute("aria-label", busy ? "Stop" : "Send");
  go.title = busy ? "Stop" : "Send";
  $(".ws-with-picture").hidden = !photo;
  if (photo) $(".ws-with-picture img").src = photo;
  $(".ws-picked").replaceChildren(...picked.map(pickedItem));
  $(".ws-tray").hidden = !photo && !picked.length;
  $(".ws-tray [data-act='compare']").hidden = picked.length < 2;
  $(".ws-tray-words").textContent = picked.length === 1 ? "Pick another to compare, or ask about this one."
    : picked.length ? "" : photo ? "Say what you like about it, or just send it." : "";
  reflectPicked();
  const box = $("#ws-say");
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 168)}px`;
}

function reflectPicked() {
  for (const button of element.querySelectorAll(".ws-card .ws-pick")) {
    button.setAttribute("aria-pressed", String(picked.some((one) => one.id === button.closest(".ws-card").dataset.id)));
  }
}

function pickedItem({ id, title }) {
  const item = document.createElement("li");
  item.dataset.id = id;
  const off = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
  off.dataset.act = "drop-item";
  off.setAttribute("aria-label", `Leave out ${title}`);
  item.append(Object.assign(new Image(48, 48), { src: picture(id), alt: title, title }), off);
  return item;
}

function submit() {
  const message = $("#ws-say").value.trim();
  if (!message && !photo && !picked.length) return;
  const ask = { message, picture: photo, picked };
  $("#ws-say").value = "";
  photo = null;
  picked = [];
  reflect();
  say(ask);
}

// About items that were pointed at: what is wanted is known, so that nothing has to be read out of the words.
function point(action, message, items) {
  for (const side of element.querySelectorAll(".ws-side:popover-open")) side.hidePopover();
  $(".ws-dialog").close();
  say({ message, picture: null, picked: items.slice(0, POINTED), intent: { action } });
}

const cardOf = (button) => {
  const { id, title } = button.closest("[data-id]").dataset;
  return { id, title };
};
const names = (items) => items.map((one) => `“${one.title}”`).join(items.length > 2 ? ", " : " and ");

// ---- what can be pressed -----------------------------------------------------------------------------------------

const acts = {
  save,
  hide: async (button) => {
    const card = button.closest(".ws-card");
    const { id, title } = card.dataset;
    const cards = () => element.querySelectorAll(`.ws-card[data-id="${CSS.escape(id)}"]`);
    const next = [...card.parentElement.children].find((one) => one !== card && !one.hidden);
    await hideItem(id, title, (yes) => {
      for (const one of cards()) one.hidden = yes;
      (yes ? next : card)?.querySelector(".ws-hide").focus({ preventScroll: true });
    }, forget);
  },
  undo: () => { $(".ws-toast").hidden = true; undo?.(); },
  unlist: (button) => unlist(button.closest("li").dataset.id),
  open: (button) => closer(button.closest(".ws-card")),
  close: () => $(".ws-dialog").close(),
  like: (button) => { const card = cardOf(button); point("similar", `More like “${card.title}”`, [card]); },
  with: (button) => { const card = cardOf(button); point("complete", `What goes with “${card.title}”?`, [card]); },
  "pick-item": (button) => {
    const card = cardOf(button);
    const without = picked.filter((one) => one.id !== card.id);
    picked = without.length < picked.length ? without : [...picked, card].slice(-POINTED);
    reflect();
    hear(`${picked.length} picked to compare.`);
  },
  "drop-item": (button) => {
    picked = picked.filter((one) => one.id !== button.closest("li").dataset.id);
    reflect();
    $("#ws-say").focus({ preventScroll: true });
  },
  compare: () => {
    const items = picked;
    picked = [];
    point("compare", `Compare ${names(items)}`, items);
  },
  "compare-list": () => point("compare", `Compare ${names(shortlist.slice(0, 4))}`, shortlist.slice(0, 4)),
  "match-list": () => point("complete", "What goes with what is on my shortlist?", shortlist),
  unsay: (chip) => {
    const turn = chip.closest(".ws-turn");
    if (!turn.matches(".ws-latest:not(.ws-told)")) return;
    const words = chip.textContent;
    say({ ...turn.ask, intent: JSON.parse(chip.dataset.intent) }, turn);
    hear(`Without ${words}.`);
    $("#ws-say").focus({ preventScroll: true });
  },
  again: (button) => { const turn = button.closest(".ws-turn"); say(turn.ask, turn); },
  cite: (button) => {
    const card = cited(button.closest(".ws-turn"), Number(button.dataset.number));
    card?.scrollIntoView({ block: "nearest", inline: "center", behavior: calm() });
    card?.querySelector(".ws-tile").focus({ preventScroll: true });
    flash(card);
  },
  example: (button) => say({ message: button.dataset.message, picture: null, picked: [] }),
  fresh: () => fresh(),
  talk: (button) => open(button.closest("li").dataset.id),
  reopen: () => open(conversation, { push: false }),
  delete: async (button) => {
    if (!button.dataset.sure) {
      button.dataset.sure = "yes";
      button.textContent = "Delete?";
      button.addEventListener("blur", () => { delete button.dataset.sure; button.textContent = "×"; }, { once: true });
      return;
    }
    const { id } = button.closest("li").dataset;
    if (!await server.delete({ id }).catch(() => false)) toast("That could not be deleted; try again in a moment.");
    else if (id === conversation) fresh();
    await listConversations();
    $(".ws-new").focus({ preventScroll: true });
  },
  pick: () => $("#ws-file").click(),
  unpick,
};

async function forget(event) {
  await server.forget({ user: person(), id: event }).catch(() => false);
}

function flash(card) {
  if (!card) return;
  card.classList.add("ws-lit");
  setTimeout(() => card.classList.remove("ws-lit"), 1600);
}

function light(event, on) {
  const button = event.target.closest?.(".ws-cite");
  if (button) cited(button.closest(".ws-turn"), Number(button.dataset.number))?.classList.toggle("ws-lit", on);
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (button && acts[button.dataset.act]) {
    event.preventDefault();
    acts[button.dataset.act](button);
  } else if (event.target === $(".ws-dialog")) acts.close();
});
element.addEventListener("mouseover", (event) => light(event, true));
element.addEventListener("mouseout", (event) => light(event, false));
element.addEventListener("focusin", (event) => light(event, true));
element.addEventListener("focusout", (event) => light(event, false));

$(".ws-ask").addEventListener("submit", (event) => {
  event.preventDefault();
  if (running) stop();
  else submit();
});
$("#ws-say").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    submit();
  } else if (event.key === "Escape") stop();
});
$("#ws-say").addEventListener("input", reflect);
takePictures(look);
slide();
choose(() => {
  fresh();
  listConversations();
  openShortlist();
});
addEventListener("popstate", () => arrive());

// ---- the beginning -----------------------------------------------------------------------------------------------

function arrive() {
  const id = new URLSearchParams(location.search).get("c");
  if (id) open(id, { push: false });
  else fresh({ push: false });
}

async function begin() {
  const { examples } = await server.start().catch(() => ({ examples: [] }));
  $(".ws-examples").replaceChildren(...examples.map(({ message, item }) => {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "ws-example" });
    Object.assign(button.dataset, { act: "example", message });
    const words = document.createElement("span");
    words.textContent = message;
    button.append(Object.assign(new Image(64, 64), { src: picture(item), alt: "" }), words);
    return button;
  }));
}

arrive();
begin();
listConversations();
openShortlist();
if (location.hash === "#shortlist" && matchMedia("(max-width: 1179px)").matches) $("#ws-shortlist").showPopover();
