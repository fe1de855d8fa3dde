// The state of the page is what a picture is drawn from: the parameters of /api/image, as texts. It stands in
// the address, so that every picture has one, and back and forward work.

import { Controls } from "./controls.js";

const $ = (id) => document.getElementById(id);
const THUMBNAILS = 24, COALESCE_MS = 1000;
let model, controls, state = {};
let last = { asked: null, address: null };
let jobTime = 0; // of the job whose result is drawn next
let drawing = false, again = false, lastPush = { control: null, time: 0 };
const thumbnails = new Map(); // query -> address of a blob

export async function ask(path, options = {}) {
  options.headers = { "X-Explore": "1", ...options.headers };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("The server does not answer. Is tfgan-zoo explore still running?");
  }
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({ error: `The server answered ${answer.status}.` }));
  throw new Error(told.error);
}

export const json = async (path, options) => (await ask(path, options)).json();

function query() {
  return new URLSearchParams(Object.entries(state).filter(([, value]) => value !== "")).toString();
}

function fromAddress() {
  return Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
}

export function tell(text) {
  $("status").textContent = text;
}

export function complain(error) {
  $("error").textContent = error ? error.message || String(error) : "";
}

// A change of the state by a control: `settled` is false while a slider is dragged.
export function change(values, control, settled = true) {
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === "") delete state[name];
    else state[name] = String(value);
  }
  if (settled) remember(control);
  controls.show(state);
  draw();
}

function remember(control) {
  const now = performance.now(), soon = now - lastPush.time < COALESCE_MS;
  const replaces = control && control === lastPush.control && soon;
  if (location.hash.slice(1) !== query()) {
    history[replaces ? "replaceState" : "pushState"](null, "", `#${query()}`);
  }
  lastPush = { control, time: now };
}

async function draw() {
  again = drawing;
  if (drawing) return;
  drawing = true;
  try {
    do {
      again = false;
      await drawOnce();
    } while (again);
  } finally {
    drawing = false;
  }
}

async function drawOnce() {
  const asked = query(), begun = performance.now();
  complain(null);
  if (controls.isEmpty(state)) return empty();
  try {
    await controls.prepare(state);
    await show(asked);
    const { command } = await json(`/api/command?${asked}`);
    $("command").textContent = command;
    $("command-box").hidden = false;
    $("copy").textContent = "Copy command";
    tell(`Drawn in ${((performance.now() - begun + jobTime) / 1000).toFixed(2)} s.`);
    jobTime = 0;
    document.body.dataset.drawn = asked;
  } catch (error) {
    complain(error);
    tell("");
    document.body.dataset.failed = asked;
  }
}

function empty() {
  for (const id of ["picture", "command-box"]) $(id).hidden = true;
  $("empty").hidden = false;
  $("empty").textContent = controls.whatIsMissing();
  $("caption").textContent = "";
}

// The same state is the same picture: one that is here already is not asked for again.
async function show(asked) {
  const known = thumbnails.get(asked) || (last.asked === asked && last.address);
  const address = known || URL.createObjectURL(await (await ask(`/api/image?${asked}`)).blob());
  await showIn($("picture"), address);
  const words = controls.words(state);
  const { naturalWidth, naturalHeight } = $("picture");
  $("picture").alt = words;
  $("caption").textContent = model.kind === "gan" ? words : `${words}, ${naturalWidth} × ${naturalHeight} pixels`;
  $("empty").hidden = true;
  $("download").href = address;
  if (last.address !== address && !thumbnails.has(last.asked)) URL.revokeObjectURL(last.address);
  last = { asked, address };
  if (location.hash.slice(1) === asked) record(asked, address, words);
}

// Pictures in whole multiples of their pixels, as large as there is room for; larger ones as wide as that.
export async function showIn(image, address) {
  image.src = address;
  await image.decode();
  image.hidden = false;
  fit();
}

export function fit() {
  const isNarrow = matchMedia("(max-width: 50rem)").matches; // the picture stays in view above the controls
  const width = document.querySelector(".pictures").clientWidth, areTwo = !$("before-figure").hidden;
  const room = Math.min(512, areTwo ? (width - 16) / 2 : width, isNarrow ? 0.4 * innerHeight : Infinity);
  for (const image of document.querySelectorAll(".pictures img")) {
    if (!image.naturalWidth) continue;
    const times = Math.floor(room / image.naturalWidth);
    image.style.width = `${times ? image.naturalWidth * times : room}px`;
    image.classList.toggle("pixels", times > 1);
  }
}

// === History ===

function record(asked, address, words) {
  if (!thumbnails.has(asked)) {
    thumbnails.set(asked, address);
    $("history").prepend(thumbnail(asked, address, words));
    if (thumbnails.size > THUMBNAILS) forget();
  }
  for (const button of $("history").querySelectorAll("button")) {
    if (button.dataset.query === asked) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
  $("history-box").hidden = false;
}

function thumbnail(asked, address, words) {
  const item = document.createElement("li"), button = document.createElement("button");
  const image = document.createElement("img");
  Object.assign(image, { src: address, alt: words, className: "pixels" });
  Object.assign(button, { type: "button", title: words });
  button.dataset.query = asked;
  button.addEventListener("click", () => {
    state = Object.fromEntries(new URLSearchParams(asked));
    change({}, null);
  });
  button.append(image);
  item.append(button);
  return item;
}

function forget() {
  const oldest = $("history").lastElementChild.querySelector("button").dataset.query;
  URL.revokeObjectURL(thumbnails.get(oldest));
  thumbnails.delete(oldest);
  $("history").lastElementChild.remove();
}

// === Jobs ===

export async function run(path, parameters) {
  const begun = performance.now();
  const job = await json(`${path}?${new URLSearchParams(parameters)}`, { method: "POST" });
  $("job").hidden = false;
  $("job-name").textContent = job.kind;
  $("cancel").disabled = false;
  tell(`${job.kind} is running.`);
  try {
    const result = await ended();
    if (result) jobTime = performance.now() - begun;
    return result;
  } finally {
    $("job").hidden = true;
  }
}

async function ended() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const job = await json("/api/job");
    if (job.total) Object.assign($("progress"), { max: job.total, value: job.done });
    else $("progress").removeAttribute("value");
    if (job.state === "running") continue;
    tell(job.state === "cancelled" ? `${job.kind} was cancelled.` : "");
    if (job.state === "failed") throw new Error(job.error);
    return job.state === "done" ? job.result : null;
  }
}

// === Start ===

function introduce() {
  document.title = `${model.name} – Explore`;
  $("name").textContent = model.name;
  const size = model.image ? `, pictures of ${model.image[1]} × ${model.image[0]} pixels` : "";
  $("about").textContent = `${model.class}${model.kind === "gan" ? size : ""}`;
  $("absent").hidden = !model.absent;
  $("absent").textContent = model.absent || "";
  $("warning").hidden = model.is_local;
  $("warning").textContent = "Other machines can reach this page: whoever opens it can use the model.";
}

$("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText($("command").textContent);
    $("copy").textContent = "Copied";
    tell("The command was copied.");
  } catch {
    getSelection().selectAllChildren($("command"));
    tell("The command is selected: copy it with Ctrl+C.");
  }
});
$("cancel").addEventListener("click", async () => {
  $("cancel").disabled = true;
  await ask("/api/job", { method: "DELETE" }).catch(complain);
});
$("skip").addEventListener("click", (event) => {
  event.preventDefault();
  $("controls-heading").focus();
});
addEventListener("popstate", () => {
  state = fromAddress();
  history.replaceState(null, "", `#${query()}`);
  lastPush.control = null;
  controls.show(state);
  draw();
});
addEventListener("resize", fit);
$("form").addEventListener("submit", (event) => event.preventDefault());

try {
  model = await json("/api/model");
  introduce();
  controls = new Controls($("form"), model);
  state = location.hash ? fromAddress() : controls.initial();
  history.replaceState(null, "", `#${query()}`); // as the page itself writes it
  await controls.ready;
  controls.show(state);
  draw();
} catch (error) {
  complain(error);
}
