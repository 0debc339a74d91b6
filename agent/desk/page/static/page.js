// Everything on the page works without this file; it only saves steps.
"use strict";

const said = document.getElementById("said");
const own = { "outtray-live": "1" }; // the page asks by itself: nobody has used it by that
const parser = new DOMParser();

// --- Copy, print, dialogs ------------------------------------------------------------------------------------------

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy && !copy.dataset.busy) {
    const label = [...copy.childNodes]; // the words for a screen reader stand inside, and come back with the rest
    copy.dataset.busy = "1";
    const tell = (text) => { copy.textContent = text; said.textContent = text; };
    try {
      await navigator.clipboard.writeText(copy.dataset.copy);
      tell("Copied");
    } catch {
      const source = document.getElementById(copy.dataset.from);
      if (source) getSelection().selectAllChildren(source);
      tell("Press Ctrl+C");
    }
    setTimeout(() => { copy.replaceChildren(...label); delete copy.dataset.busy; said.textContent = ""; }, 2000);
    return;
  }
  if (event.target.closest("[data-print]")) { print(); return; }
  const opens = event.target.closest("[data-dialog]");
  const dialog = opens && document.getElementById(opens.dataset.dialog);
  if (dialog) { event.preventDefault(); dialog.showModal(); return; }
  const embeds = event.target.closest("a[data-embeds]");
  if (embeds && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.defaultPrevented) {
    event.preventDefault();
    embed(embeds);
  }
});

// The form behind a link, put into the item itself; where that fails, the link is followed.
async function embed(link) {
  const place = link.closest(".item, .row");
  const there = place.querySelector("form.form");
  if (there) { firstField(there).focus(); return; }
  const part = new URL(link.href);
  part.searchParams.set("part", "1");
  const fresh = await fetched(part);
  const form = fresh && fresh.querySelector("form.form");
  if (!form) { location.assign(link.href); return; }
  (place.querySelector(".do") || place.lastElementChild).after(form);
  firstField(form).focus();
}

function firstField(form) {
  return form.querySelector("input:not([type=hidden]):not([type=checkbox]), select, textarea") || form;
}

// --- Actions in place ----------------------------------------------------------------------------------------------

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form.ask") || form.method !== "post") return;
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  const body = new URLSearchParams(new FormData(form));
  form.closest("dialog")?.close();
  const fresh = await fetched(form.action, { method: "POST", body });
  button.disabled = false;
  if (!fresh) { form.submit(); return; }
  const done = document.getElementById("done");
  const reasons = fresh.getElementById("reasons");
  done.replaceChildren(...(reasons ? [told(reasons)] : fresh.getElementById("done").childNodes));
  done.tabIndex = -1; // what was acted on may be gone in a moment: the next thing after this is the first item
  done.focus({ preventScroll: true });
  refresh();
});

function told(reasons) {
  const band = document.createElement("div");
  band.className = "band fix";
  band.setAttribute("role", "status");
  band.append(reasons);
  return band;
}

async function fetched(address, options) {
  try {
    const response = await fetch(address, options);
    if (response.status === 403) { location.reload(); return null; } // locked
    return response.ok || response.status === 409 ? parser.parseFromString(await response.text(), "text/html") : null;
  } catch {
    return null;
  }
}

// --- What changes while someone looks ------------------------------------------------------------------------------

// A part with data-live is brought up to date child by child, by their ids. What has the focus, an edited or opened
// form, or an open dialog is left alone until it has not.
function update(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (!old.hasAttribute("data-live")) {
    if (isInUse(old)) return;
    for (const [number, details] of old.querySelectorAll("details").entries()) {
      const same = fresh.querySelectorAll("details")[number];
      if (details.open && same) same.open = true;
    }
    old.replaceWith(fresh);
    return;
  }
  for (const name of ["class", "aria-label"]) {
    if (fresh.hasAttribute(name)) old.setAttribute(name, fresh.getAttribute(name));
  }
  const wanted = [...fresh.children];
  const ids = new Set(wanted.map((child) => child.id));
  for (const child of [...old.children]) {
    if (!ids.has(child.id) && !isInUse(child)) child.remove();
  }
  let before = null;
  for (const child of wanted) {
    const here = child.id ? [...old.children].find((one) => one.id === child.id) : null;
    const place = before ? before.nextElementSibling : old.firstElementChild;
    if (!here) {
      const isNew = child.matches(".item") ? child : null;
      old.insertBefore(child, place);
      if (isNew) announce(isNew);
      before = child;
    } else {
      if (here !== place && !isInUse(here)) old.insertBefore(here, place);
      update(here, child);
      before = document.getElementById(child.id) || here;
    }
  }
}

function isInUse(element) {
  if (element.contains(document.activeElement) && document.activeElement !== document.body) return true;
  return Boolean(element.querySelector("form.form, dialog[open], [data-busy]")) || element.matches("form.form");
}

// Only new items are told, and at most every ten seconds.
let toldAt = 0;
let untold = [];

function announce(item) {
  untold.push(item.querySelector(".heading")?.textContent || "");
  const wait = Math.max(0, toldAt + 10000 - Date.now());
  if (untold.length === 1) setTimeout(tellUntold, wait);
}

function tellUntold() {
  toldAt = Date.now();
  said.textContent = untold.length === 1 ? untold[0] : `${untold.length} more things need you.`;
  untold = [];
}

let refreshing = false;
let again = false;

async function refresh() {
  const main = document.getElementById("main");
  if (!main || !main.dataset.view) return;
  if (refreshing) { again = true; return; }
  refreshing = true;
  const fresh = await fetched(location.pathname + location.search, { headers: own });
  refreshing = false;
  if (fresh && fresh.getElementById("main")) {
    if (fresh.title !== document.title) document.title = fresh.title;
    for (const live of document.querySelectorAll("[data-live]")) {
      if (!live.isConnected || live.parentElement.closest("[data-live]")) continue;
      const same = fresh.getElementById(live.id);
      if (same) update(live, same);
    }
  }
  if (again) { again = false; refresh(); }
  poll();
}

// What is being worked out is asked for until it is there.
let polling = 0;

function poll() {
  clearTimeout(polling);
  if (document.querySelector("[data-poll]")) polling = setTimeout(refresh, 700);
}

function progress(sent) {
  for (const [packet, [done, whole]] of Object.entries(sent)) {
    const row = document.getElementById(`packet-${packet}`);
    const bar = row?.querySelector("progress[value]");
    if (!bar) continue;
    if (whole && done >= whole) { refresh(); continue; }
    bar.max = whole || 1;
    bar.value = done;
    row.querySelector(".row-line .small").textContent = bar.textContent = `${Math.floor((done * 100) / (whole || 1))} %`;
    const amount = row.querySelector("[data-amount]");
    if (amount) amount.textContent = `${megabytes(done)} of ${megabytes(whole)} MB.`;
  }
}

function megabytes(count) {
  return count < 100e6 ? (count / 1e6).toFixed(1) : (count / 1e6).toFixed(0);
}

// --- Contact -------------------------------------------------------------------------------------------------------

const SILENCE = 60000;
let heardAt = Date.now();
let source = null;

function listen() {
  if (source || document.hidden || !document.getElementById("contact-lost")) return;
  source = new EventSource("/events");
  source.onopen = heard;
  const on = (name, handle) => source.addEventListener(name, (event) => { heard(); handle(JSON.parse(event.data)); });
  on("changed", refresh);
  on("progress", progress);
  on("alive", (facts) => { if (!facts.running) refresh(); });
  on("locked", () => { rest(); location.reload(); });
  on("rest", rest);
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) rest();
    setTimeout(() => { if (!source || source.readyState !== EventSource.OPEN) lost(); }, 1500); // not for leaving
  };
}

function rest() {
  source?.close();
  source = null;
}

function heard() {
  heardAt = Date.now();
  if (!document.getElementById("contact-lost").hidden) {
    document.getElementById("contact-lost").hidden = true;
    document.body.classList.remove("stale");
    refresh();
  }
}

function lost() {
  document.getElementById("contact-lost").hidden = false;
  document.body.classList.add("stale");
}

setInterval(() => {
  if (document.hidden) return;
  if (!source) listen();
  else if (Date.now() - heardAt > SILENCE) lost();
}, 5000);
setInterval(() => { if (source && !document.hidden) refresh(); }, 60000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) { listen(); refresh(); } });

// While someone reads or types, the session stays open.
let awakeAt = Date.now();
for (const kind of ["pointerdown", "keydown", "wheel"]) {
  document.addEventListener(kind, () => {
    if (Date.now() - awakeAt < 60000) return;
    awakeAt = Date.now();
    fetch("/awake", { method: "POST" }).catch(() => {});
  }, { passive: true });
}

// An item inside the fold that a link or a notice leads to.
function reveal() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  const fold = target && target.closest("details");
  if (fold) fold.open = true;
  if (target && target.matches(".item, .row")) { target.scrollIntoView(); target.focus({ preventScroll: true }); }
}

addEventListener("hashchange", reveal);
if (new URLSearchParams(location.search).has("done")) {
  history.replaceState(null, "", location.pathname + location.hash);
}
reveal();
listen();
poll();
