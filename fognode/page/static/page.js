// Looks every 4 s whether something changed and swaps the parts that did.  The page is whole
// without it.
"use strict";
const main = document.getElementById("main"), lost = document.getElementById("lost");
let rev = main.dataset.rev, answered = Date.now(), timer = 0;

const words = (s) => s < 120 ? s + " s" : s < 7200 ? Math.floor(s / 60) + " min"
  : s < 172800 ? Math.floor(s / 3600) + " h" : Math.floor(s / 86400) + " days";

const tick = () => {
  const now = Date.now();
  for (const e of main.querySelectorAll("[data-age]")) {
    e.born ??= now;
    e.textContent = words(+e.dataset.age + Math.floor((now - e.born) / 1000));
  }
  const gone = Math.floor((now - answered) / 1000);
  lost.hidden = gone < 15 || document.hidden;
  if (!lost.hidden) lost.textContent = "No answer from the node for " + words(gone) + ". What you see is old.";
};

const swap = (html) => {
  const fresh = new DOMParser().parseFromString(html, "text/html").body;
  const parts = (root) => [...root.querySelectorAll("[data-part]")];
  const names = (list) => list.map((p) => p.dataset.part).join();
  const old = parts(main), next = parts(fresh);
  if (names(old) !== names(next)) return main.replaceChildren(...fresh.childNodes);
  old.forEach((part, n) => part.contains(document.activeElement) || part.replaceWith(next[n]));
};

const look = async () => {
  clearTimeout(timer);
  try {
    const ask = new URLSearchParams({ rev, path: location.pathname + location.search });
    const answer = await fetch("/live?" + ask, { cache: "no-store", signal: AbortSignal.timeout(10000) });
    const html = await answer.text();
    // While a text is being marked to be copied, it stays.
    if (answer.status !== 304 && getSelection().isCollapsed) {
      swap(html);
      rev = (answer.headers.get("ETag") || "").replaceAll('"', "");
    }
    answered = Date.now();
  } catch { /* tick tells for how long */ }
  tick();
  timer = setTimeout(look, document.hidden ? 30000 : 4000);
};

setInterval(tick, 1000);
document.addEventListener("visibilitychange", () => document.hidden || look());
timer = setTimeout(look, 4000);
