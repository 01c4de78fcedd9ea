// The shortlist beside the chat: what shelf.js keeps, drawn with its total, at the prices of now.
const picture = (id) => `pictures/${encodeURIComponent(id)}`;

async function openShortlist() {
  readShelf();
  if (!shortlist.length) return;
  const whose = shelf();
  const now = await server.look_up({ items: shortlist.map((one) => one.id) }).catch(() => ({}));
  if (whose !== shelf()) return;
  shortlist = shortlist.filter((one) => now[one.id] !== null).map((one) => ({ ...one, ...now[one.id] }));
  keepShelf();
}

function shelved() {
  $(".ws-list").replaceChildren(...shortlist.map(listed));
  const total = together();
  const open = shortlist.filter((one) => one.price == null).length;
  $(".ws-total b").textContent = total || "–";
  $(".ws-total small").textContent = open ? `and ${open} without a price` : "";
  $(".ws-none").hidden = shortlist.length > 0;
  $(".ws-some").hidden = !shortlist.length;
  $(".ws-list-tools [data-act='compare-list']").hidden = shortlist.length < 2;
  for (const count of element.querySelectorAll(".ws-listed")) count.textContent = shortlist.length || "";
  for (const sum of element.querySelectorAll(".ws-sum")) sum.textContent = total;
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
