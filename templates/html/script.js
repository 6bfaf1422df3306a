// Filters, the switch between light and dark, and links into what is folded or filtered out.
// Without it the whole report can be read.
"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // light and dark
  const theme = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const name = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
  if (theme) {
    theme.hidden = false;
    theme.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; name(); });
    system.addEventListener("change", name);
    name();
  }

  // the filter
  const filter = document.getElementById("filter");
  const cards = all(".findings .finding");
  const words = new Map(cards.map((card) => [card, card.textContent.toLowerCase().replace(/\s+/g, " ")]));
  const apply = () => {
    const data = new FormData(filter);
    const levels = data.getAll("severity");
    const text = data.get("text").trim().toLowerCase();
    const fits = (card, key) => !data.get(key) || card.dataset[key] === data.get(key);
    let shown = 0;
    for (const card of cards) {
      card.hidden = !(levels.includes(card.dataset.severity) && fits(card, "category") && fits(card, "rule")
        && fits(card, "claim") && words.get(card).includes(text));
      shown += card.hidden ? 0 : 1;
    }
    const isNarrowed = shown < cards.length;
    for (const part of all(".topic, .category")) {
      part.hidden = isNarrowed && !part.querySelector(".finding:not([hidden])");
    }
    for (const part of all(".quiet")) { part.hidden = isNarrowed; }
    for (const part of all(".nothing")) { part.hidden = Boolean(part.parentElement.querySelector(".finding:not([hidden])")) || !isNarrowed; }
    const output = document.getElementById("shown");
    output.textContent = `${shown} of ${cards.length + Number(output.dataset.above)} findings shown`;
  };
  if (filter) {
    filter.hidden = false;
    filter.addEventListener("input", apply);
    filter.addEventListener("change", apply);
    filter.addEventListener("submit", (event) => event.preventDefault());
    filter.addEventListener("reset", () => setTimeout(apply));
    const unfold = document.getElementById("unfold");
    unfold.addEventListener("click", () => {
      const open = unfold.dataset.open !== "yes";
      for (const part of all("details.proof")) { part.open = open; }
      unfold.dataset.open = open ? "yes" : "";
      unfold.textContent = open ? "Fold evidence" : "Unfold evidence";
    });
    apply();
  }

  // a link leads to what is folded, or filtered out
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) { return; }
    if (filter && target.closest("[hidden]")) { filter.reset(); apply(); }
    for (let part = target; part; part = part.parentElement) {
      if (part.tagName === "DETAILS") { part.open = true; }
    }
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) { reveal(); }
  });
  reveal();

  // print unfolds all but the lines around evidence, also where style sheets cannot
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details:not([open]):not(.around)");
    for (const part of opened) { part.open = true; }
  });
  addEventListener("afterprint", () => { for (const part of opened) { part.open = false; } });

  // where the reader is
  const links = new Map(all(".contents a").map((link) => [link.hash.slice(1), link]));
  if ("IntersectionObserver" in window) {
    const watcher = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting) {
          for (const link of links.values()) { link.classList.remove("here"); }
          links.get(entry.target.id).classList.add("here");
        }
      }
    }, { rootMargin: "-10% 0px -80% 0px" });
    for (const id of links.keys()) {
      const part = document.getElementById(id);
      if (part) { watcher.observe(part); }
    }
  }
})();
