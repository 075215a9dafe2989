// Keys beside the browser's own, figures that move while one looks, and how many rows are new. Every page works without.
"use strict";

(() => {
  const main = document.getElementById("main");
  const page = document.body.dataset;
  const NEXT_KEY_MS = 1500;
  const NEWS_EVERY_MS = 15_000;
  const FIELD = "textarea, select, input:not([type=checkbox]):not([type=radio])";

  // Keys

  const rows = () =>
    [...main.querySelectorAll("tbody tr, .todo li, .items li, .life li")]
      .map((row) => [row, row.querySelector("a[href]") ?? row.querySelector("button, input")])
      .filter(([, stop]) => stop !== null);

  function step(by) {
    const all = rows();
    const at = all.findIndex(([row]) => row.contains(document.activeElement));
    const to = at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1);
    all[to]?.[1].focus();
  }

  const keys = {
    "?": () => location.assign("/keys"),
    "/": () => (main.querySelector("[data-search]") ?? main.querySelector(".filter input:not([type=hidden])"))?.focus(),
    j: () => step(1),
    k: () => step(-1),
    x: () => document.activeElement?.closest("tr")?.querySelector("input[type=checkbox]")?.click(),
  };
  let goesUntil = 0;

  function pressed(event) {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest(FIELD)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const goes = event.timeStamp < goesUntil;
    goesUntil = !goes && event.key === "g" ? event.timeStamp + NEXT_KEY_MS : 0;
    const room = [...document.querySelectorAll("header [data-key]")].find((one) => one.dataset.key === event.key);
    const does = goes ? room && (() => room.click()) : Object.hasOwn(keys, event.key) && keys[event.key];
    if (does) {
      event.preventDefault();
      does();
    }
  }
  if (page.keys === "on") document.addEventListener("keydown", pressed);

  // What a page asks for again. A session that has ended is seen, and the page goes to where one signs in.

  async function asked(address) {
    const answer = await fetch(address, { cache: "no-store", redirect: "manual", headers: { "x-asked-again": "1" } });
    if (answer.type === "opaqueredirect") location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.text();
  }

  function again(everyMs, look) {
    setTimeout(async () => {
      if (document.hidden || (await look().catch(() => true))) again(everyMs, look);
    }, everyMs);
  }

  // Figures: each part of the page that says so, as the server now shows it, unless somebody is in it.

  async function figures() {
    const stale = document.getElementById("stale");
    const text = await asked(location.href).catch(() => null);
    stale.hidden = text !== null;
    if (text === null) return true;
    const fresh = new DOMParser().parseFromString(text, "text/html");
    for (const part of main.querySelectorAll("[data-live]")) {
      const now = fresh.getElementById(part.id);
      if (now && now.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) {
        part.replaceChildren(...now.childNodes);
      }
    }
    return "every" in fresh.body.dataset;
  }
  if (page.every) again(Number(page.every) * 1000, figures);

  // News: how many rows there are now that the page does not show. Where it says so nothing moves.

  const news = document.getElementById("news");
  async function counted() {
    news.textContent = await asked(news.dataset.from);
    news.hidden = news.textContent === "";
    return true;
  }
  if (news) again(NEWS_EVERY_MS, counted);
})();
