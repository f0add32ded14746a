// What makes a console quick: the keyboard, the command palette, and rows that are chosen together.
(() => {
  "use strict";

  // ── Rows that are chosen together
  const boxes = (id) => [...document.querySelectorAll(`.is-select input[type=checkbox][form="${id}"]`)];
  const count = (bar) => {
    const all = boxes(bar.id);
    const chosen = all.filter((box) => box.checked).length;
    const words = bar.querySelector(".bulk-count");
    bar.hidden = chosen === 0;
    words.textContent = chosen === 1 ? words.dataset.one : words.dataset.manyWords.replace("{count}", chosen);
    const head = document.querySelector(`[data-select-all="${bar.id}"] input`);
    if (!head) return;
    head.checked = chosen > 0 && chosen === all.length;
    head.indeterminate = chosen > 0 && chosen < all.length;
  };
  const enhance = (root) => {
    for (const bar of root.querySelectorAll("[data-bulk]:not(.is-enhanced)")) {
      bar.classList.add("is-enhanced");
      bar.querySelector("[data-bulk-clear]").hidden = false;
      const head = document.querySelector(`[data-select-all="${bar.id}"]`);
      if (head) head.hidden = false;
      count(bar);
    }
  };
  let last = null;
  document.addEventListener("click", (event) => {
    const box = event.target;
    if (box.matches?.("[data-select-all] input")) {
      const id = box.closest("[data-select-all]").dataset.selectAll;
      for (const each of boxes(id)) each.checked = box.checked;
      count(document.getElementById(id));
      return;
    }
    if (box.matches?.(".is-select input[form]")) {
      const all = boxes(box.getAttribute("form"));
      if (event.shiftKey && last && all.includes(last)) {
        const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((one, other) => one - other);
        for (const each of all.slice(from, to + 1)) each.checked = box.checked;
      }
      last = box;
      const bar = document.getElementById(box.getAttribute("form"));
      if (bar) count(bar);
    }
    if (box.closest?.("[data-bulk-clear]")) {
      const bar = box.closest("[data-bulk]");
      for (const each of boxes(bar.id)) each.checked = false;
      count(bar);
    }
  });

  // ── The command palette
  const palette = document.getElementById("palette");
  const field = palette?.querySelector("input[type=search]");
  const results = () => [...palette.querySelectorAll("[data-result]")];
  const mark = (chosen) => {
    for (const each of results()) each.setAttribute("aria-selected", String(each === chosen));
    if (chosen) {
      field.setAttribute("aria-activedescendant", chosen.id);
      chosen.scrollIntoView({ block: "nearest" });
    } else field.removeAttribute("aria-activedescendant");
  };
  // Links of a page become the choices of a list that the field steers.
  const shown = () => {
    const frame = palette.querySelector("[data-results]");
    const all = results();
    frame.setAttribute("role", all.length ? "listbox" : "region");
    for (const group of frame.querySelectorAll("section")) group.setAttribute("role", "group");
    for (const plain of frame.querySelectorAll("h2, ul, li")) plain.setAttribute("role", "presentation");
    all.forEach((each, place) => {
      each.id = `result-${place}`;
      each.setAttribute("role", "option");
      each.tabIndex = -1;
    });
    mark(all[0]);
  };
  const openPalette = () => {
    if (!palette || palette.open) return;
    palette.showModal();
    field.select();
    if (!palette.querySelector("[data-result]")) look(field.value);
  };
  let asking = null;
  const look = async (words) => {
    asking?.abort();
    const mine = asking = new AbortController();
    const frame = palette.querySelector("[data-results]");
    frame.setAttribute("aria-busy", "true");
    try {
      const address = new URL(palette.dataset.palette, location.href);
      address.searchParams.set("q", words);
      const answer = await fetch(address, { headers: { "hx-request": "true", accept: "text/html" }, signal: mine.signal });
      if (answer.status === 401) location.assign(`/sign-in?return_to=${encodeURIComponent(location.pathname)}`);
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      frame.replaceChildren(...page.body.childNodes);
      shown();
    } catch (trouble) {
      if (trouble.name === "AbortError") return;
      frame.replaceChildren(document.createTextNode(document.body.dataset.failed));
    }
    frame.removeAttribute("aria-busy");
  };
  if (palette) {
    let waiting = 0;
    field.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => look(field.value), 120);
    });
    field.addEventListener("keydown", (event) => {
      const all = results();
      const here = all.findIndex((each) => each.getAttribute("aria-selected") === "true");
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        mark(all[(here + (event.key === "ArrowDown" ? 1 : all.length - 1) + all.length) % all.length]);
      } else if (event.key === "Enter" && !event.isComposing && all[here]) {
        event.preventDefault();
        all[here].click();
      }
    });
    document.addEventListener("click", (event) => {
      if (!event.target.closest("[data-palette-open]")) return;
      event.preventDefault();
      openPalette();
    });
    // Where there is a palette, the search box opens it.
    const box = document.querySelector(".console-search input");
    box?.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      openPalette();
    });
  }

  // ── The keyboard
  const help = document.getElementById("shortcuts");
  const typing = (target) => target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  const rows = () => [...document.querySelectorAll(".console-page .table tbody tr")].filter((row) => row.offsetParent !== null);
  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const here = all.findIndex((row) => row.classList.contains("is-here"));
    const next = all[Math.max(0, Math.min(all.length - 1, here + by))];
    for (const row of all) row.classList.toggle("is-here", row === next);
    next.scrollIntoView({ block: "nearest" });
    const link = next.querySelector("a[href]") || next.querySelector("button, input");
    link?.focus({ preventScroll: true });
  };
  const here = () => document.querySelector("tr.is-here");
  let before = "";
  let beforeAt = 0;
  document.addEventListener("keydown", (event) => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openPalette();
      return;
    }
    if (event.metaKey || event.ctrlKey || event.altKey || event.isComposing || typing(event.target) || document.querySelector("dialog[open]")) return;
    const first = before === "g" && event.timeStamp - beforeAt < 1500;
    before = "";
    if (first) {
      const place = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (place) location.assign(place.href);
      return;
    }
    if (event.key === "g") {
      before = "g";
      beforeAt = event.timeStamp;
    } else if (event.key === "?") {
      event.preventDefault();
      help?.showModal();
    } else if (event.key === "/") {
      event.preventDefault();
      const search = document.querySelector(".console-page input[type=search]");
      if (search) search.focus();
      else openPalette();
    } else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "Enter" && event.target === document.body) here()?.querySelector("a[href]")?.click();
    else if (event.key === "x") here()?.querySelector(".is-select input")?.click();
    else if (event.key === "Escape") for (const row of rows()) row.classList.remove("is-here");
  });

  enhance(document);
  document.addEventListener("htmx:load", () => enhance(document));
})();
