// An answer as it comes: server-sent events, text with citations that point at cards, and words for who listens.

// Calls `take(name, data)` for each event of a response; throws if the connection breaks.
async function listen(response, take) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const [, name, data] = event.match(/^event: (.*)\ndata: (.*)$/s);
      take(name, JSON.parse(data));
    }
  }
}

const CITED = /\[(\d{1,2}(?:\s*,\s*\d{1,2})*)\]/g;

// Sets the answer's text. Numbers in brackets that have a card become buttons; an unfinished bracket waits.
function write(turn, text, finished) {
  const tidy = text.trim().replace(/\s*\n\s*/g, "\n"); // one break is a break; more of them push the cards away
  const ready = finished ? tidy : tidy.replace(/\[[\d,\s]*$/, "");
  const parts = [];
  let from = 0;
  for (const match of ready.matchAll(CITED)) {
    const buttons = match[1].split(",").map((number) => citation(turn, Number(number)));
    if (buttons.includes(null)) continue;
    parts.push(ready.slice(from, match.index), ...buttons);
    from = match.index + match[0].length;
  }
  parts.push(ready.slice(from));
  turn.querySelector(".ws-said").replaceChildren(...parts);
  announce(turn, ready, finished);
}

function citation(turn, number) {
  const card = cited(turn, number);
  if (!card) return null;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "ws-cite";
  button.dataset.act = "cite";
  button.dataset.number = number;
  button.textContent = number;
  button.title = card.dataset.title;
  button.setAttribute("aria-label", `Number ${number}, ${card.dataset.title}`);
  return button;
}

// The card that a number means: by its place, or by what the shop said it cites.
function cited(turn, number) {
  const id = turn.cites?.get(number);
  const cards = [...turn.querySelectorAll(".ws-card")];
  return (id ? cards.find((card) => card.dataset.id === id) : cards[number - 1]) ?? null;
}

// Whole sentences only: a screen reader that is told every token reads nothing but beginnings.
function announce(turn, text, finished) {
  const told = turn.told ?? 0;
  const end = finished ? text.length : Math.max(...[...text.matchAll(/[.!?](?=\s)/g)].map((stop) => stop.index + 1), 0);
  if (end <= told) return;
  turn.told = end;
  hear(text.slice(told, end).replace(CITED, (_, numbers) => `number ${numbers}`).trim());
}

function hear(words) {
  if (!words) return;
  const line = document.createElement("p");
  line.textContent = words;
  const heard = $(".ws-heard");
  heard.append(line);
  while (heard.children.length > 6) heard.firstChild.remove();
}
