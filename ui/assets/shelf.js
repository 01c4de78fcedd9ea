// What was saved on any page: an event for the shop, and a place on the shortlist, which the browser keeps for each
// person. A page says what else follows: `shelved()` after every change, `forget(event)` to take an event back, and
// `hear(words)` for who listens.
const shelf = () => `ws-shortlist:${person()}`;
let shortlist = [];

const amount = (price, currency) => {
  const digits = { minimumFractionDigits: Number.isInteger(price) ? 0 : 2, maximumFractionDigits: 2 };
  try {
    return price.toLocaleString("en", { ...digits, style: "currency", currency, currencyDisplay: "narrowSymbol" });
  } catch { // no code that the browser knows
    return `${price.toLocaleString("en", digits)} ${currency}`.trim();
  }
};

function readShelf() {
  try { shortlist = JSON.parse(kept.get(shelf())) ?? []; } catch { shortlist = []; }
  drawHearts();
  shelved();
}

function keepShelf() {
  kept.set(shelf(), JSON.stringify(shortlist));
  drawHearts();
  shelved();
}

// What it comes to, one sum for each currency; empty without a price.
function together() {
  const sums = new Map();
  for (const { price, currency } of shortlist) if (price != null) sums.set(currency, (sums.get(currency) ?? 0) + price);
  return [...sums].map(([currency, sum]) => amount(Math.round(100 * sum) / 100, currency ?? "")).join(" + ");
}

function drawHearts() {
  for (const heart of element.querySelectorAll(".ws-card .ws-save")) {
    const { id } = heart.closest(".ws-card").dataset;
    heart.setAttribute("aria-pressed", String(shortlist.some((one) => one.id === id)));
  }
}

async function save(button) {
  const { id, title, price, currency } = button.closest("[data-id]").dataset;
  if (shortlist.some((one) => one.id === id)) {
    await unlist(id);
    return;
  }
  shortlist.push({ id, title, price: price === undefined ? null : Number(price), currency });
  keepShelf();
  hear(`Saved. ${shortlist.length} on the shortlist${together() && `, ${together()}`}.`);
  const whose = shelf();
  const event = await send("save", id);
  if (whose !== shelf()) return; // somebody else looks by now
  const mine = shortlist.find((one) => one.id === id);
  if (event && mine) mine.event = event;
  else if (event) await forget(event); // taken off again meanwhile
  else {
    shortlist = shortlist.filter((one) => one.id !== id);
    toast("That could not be saved; try again in a moment.");
  }
  keepShelf();
}

async function unlist(id) {
  const gone = shortlist.find((one) => one.id === id);
  shortlist = shortlist.filter((one) => one.id !== id);
  keepShelf();
  if (gone?.event) await forget(gone.event);
}

addEventListener("storage", (event) => { if (event.key === shelf()) readShelf(); }); // saved in another window
