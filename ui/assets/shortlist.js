// The shortlist: what was saved in chats, kept in the browser for each person, with what it comes to.
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
const picture = (id) => `pictures/${encodeURIComponent(id)}`;

async function openShortlist() {
  try { shortlist = JSON.parse(kept.get(shelf())) ?? []; } catch { shortlist = []; }
  drawShortlist();
  if (!shortlist.length) return;
  const whose = shelf();
  const now = await server.look_up({ items: shortlist.map((one) => one.id) }).catch(() => ({}));
  if (whose !== shelf()) return;
  shortlist = shortlist.filter((one) => now[one.id] !== null).map((one) => ({ ...one, ...now[one.id] }));
  keepShortlist();
}

function keepShortlist() {
  kept.set(shelf(), JSON.stringify(shortlist));
  drawShortlist();
}

function drawShortlist() {
  $(".ws-list").replaceChildren(...shortlist.map(listed));
  const sums = new Map();
  for (const { price, currency } of shortlist) if (price != null) sums.set(currency, (sums.get(currency) ?? 0) + price);
  const total = [...sums].map(([currency, sum]) => amount(Math.round(100 * sum) / 100, currency ?? "")).join(" + ");
  const open = shortlist.filter((one) => one.price == null).length;
  $(".ws-total b").textContent = total || "–";
  $(".ws-total small").textContent = open ? `and ${open} without a price` : "";
  $(".ws-none").hidden = shortlist.length > 0;
  $(".ws-some").hidden = !shortlist.length;
  $(".ws-list-tools [data-act='compare-list']").hidden = shortlist.length < 2;
  for (const count of element.querySelectorAll(".ws-listed")) count.textContent = shortlist.length || "";
  for (const sum of element.querySelectorAll(".ws-sum")) sum.textContent = total;
  for (const heart of element.querySelectorAll(".ws-card .ws-save")) {
    const { id } = heart.closest(".ws-card").dataset;
    heart.setAttribute("aria-pressed", String(shortlist.some((one) => one.id === id)));
  }
}

function listed(one) {
  const row = document.createElement("li");
  row.dataset.id = one.id;
  const image = Object.assign(new Image(52, 52), { src: picture(one.id), alt: "", loading: "lazy" });
  const words = document.createElement("div");
  const title = document.createElement("span");
  title.textContent = one.title;
  const price = document.createElement("b");
  price.textContent = one.price == null ? "" : amount(one.price, one.currency ?? "");
  words.append(title, price);
  const off = document.createElement("button");
  Object.assign(off, { type: "button", className: "ws-off", textContent: "×" });
  off.dataset.act = "unlist";
  off.setAttribute("aria-label", `Take ${one.title} off the shortlist`);
  row.append(image, words, off);
  return row;
}

async function save(button) {
  const { id, title, price, currency } = button.closest("[data-id]").dataset;
  if (shortlist.some((one) => one.id === id)) {
    await unlist(id);
    return;
  }
  shortlist.push({ id, title, price: price === undefined ? null : Number(price), currency });
  keepShortlist();
  hear(`Saved. ${shortlist.length} on the shortlist, ${$(".ws-total b").textContent}.`);
  const event = await send("save", id);
  const mine = shortlist.find((one) => one.id === id);
  if (event && mine) {
    mine.event = event;
    keepShortlist();
  } else if (!event) {
    shortlist = shortlist.filter((one) => one.id !== id);
    keepShortlist();
    toast("That could not be saved; try again in a moment.");
  }
}

async function unlist(id) {
  const gone = shortlist.find((one) => one.id === id);
  shortlist = shortlist.filter((one) => one.id !== id);
  keepShortlist();
  if (gone?.event) await server.forget({ user: person(), id: gone.event }).catch(() => false);
}
