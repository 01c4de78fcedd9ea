const key = document.getElementById("key");
const root = location.pathname.replace(/\/docs\/?$/, "");

function request(operation) {
  let path = root + operation.dataset.path;
  const query = new URLSearchParams();
  const headers = {};
  if (key.value) headers.Authorization = `Bearer ${key.value}`;
  for (const input of operation.querySelectorAll("input[data-in]")) {
    if (input.dataset.in === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.dataset.in === "query" && input.value) query.set(input.name, input.value);
    else if (input.dataset.in === "header" && input.value) headers[input.name] = input.value;
  }
  const address = location.origin + path + (query.size ? `?${query}` : "");
  const options = { method: operation.dataset.method, headers };
  const text = operation.querySelector("textarea");
  if (text) {
    options.body = text.value;
    headers["Content-Type"] = "application/json";
  } else if (operation.dataset.type) {
    options.body = new FormData();
    for (const input of operation.querySelectorAll(".form input")) {
      if (input.type !== "file") options.body.set(input.name, input.value);
      else if (input.files.length) options.body.set(input.name, input.files[0]);
    }
  }
  return { address, options };
}

function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function curl(operation) {
  const { address, options } = request(operation);
  const parts = ["curl", quoted(address)];
  const method = options.method.toUpperCase();
  if (method !== (options.body ? "POST" : "GET")) parts.push("-X", method);
  for (const [name, value] of Object.entries(options.headers)) {
    // A line to copy and to share holds no key.
    if (name === "Authorization") parts.push("-H", '"Authorization: Bearer $WINDOWSHOP_API_KEY"');
    else parts.push("-H", quoted(`${name}: ${value}`));
  }
  if (typeof options.body === "string") parts.push("-d", quoted(JSON.stringify(JSON.parse(options.body))));
  else if (options.body) {
    for (const [name, value] of options.body) parts.push("-F", quoted(`${name}=${value.name ? `@${value.name}` : value}`));
    if (![...options.body.keys()].includes("picture")) parts.push("-F", "'picture=@chair.jpg'");
  }
  return parts.join(" ");
}

async function send(operation) {
  const out = operation.querySelector(".answer");
  out.hidden = false;
  out.textContent = "…";
  try {
    const { address, options } = request(operation);
    const began = performance.now();
    const answer = await fetch(address, options);
    const type = answer.headers.get("content-type") || "";
    const body = type.includes("json") ? JSON.stringify(await answer.json(), null, 2) : `${type || "no body"}`;
    out.textContent = `${answer.status} ${answer.statusText} in ${Math.round(performance.now() - began)} ms\n\n${body}`;
  } catch (error) {
    out.textContent = String(error);
  }
}

for (const operation of document.querySelectorAll(".operation")) {
  const line = operation.querySelector(".curl");
  const refresh = () => {
    try {
      line.textContent = curl(operation);
    } catch (error) {
      line.textContent = `The body is not JSON: ${error.message}`;
    }
  };
  operation.addEventListener("input", refresh);
  key.addEventListener("input", refresh);
  operation.querySelector("select")?.addEventListener("change", (event) => {
    operation.querySelector("textarea").value = event.target.value;
    refresh();
  });
  operation.querySelector("button").addEventListener("click", () => send(operation));
  refresh();
}
addEventListener("hashchange", () => { const at = document.getElementById(location.hash.slice(1)); if (at) at.open = true; });
