// Suggestions below the search field: the combobox of the ARIA authoring practices (1.2), with a list that the server
// writes. Without this file the field is a plain search.
(() => {
  "use strict";
  const PAUSE = 120;

  const enhance = (form) => {
    const input = form.querySelector("input[type=search]");
    const list = document.createElement("ul");
    list.id = "suggestions";
    list.className = "suggestions";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", form.dataset.suggest);
    list.hidden = true;
    list.setAttribute("aria-busy", "false");
    form.append(list);
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", list.id);
    input.setAttribute("autocomplete", "off");

    let waiting = 0;
    let asked = null;
    let shownFor = null;
    const options = () => [...list.querySelectorAll("[role=option]")];
    const current = () => list.querySelector("[aria-selected=true]");

    const close = () => {
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      select(null);
    };
    const open = () => {
      if (!options().length || document.activeElement !== input) return;
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
    };
    const select = (option) => {
      const before = current();
      if (before) before.setAttribute("aria-selected", "false");
      if (!option) return input.removeAttribute("aria-activedescendant");
      option.setAttribute("aria-selected", "true");
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    };
    const ask = async () => {
      const typed = input.value.trim();
      if (asked) asked.abort();
      if (typed === shownFor) {
        list.setAttribute("aria-busy", "false");
        return open();
      }
      const mine = asked = new AbortController();
      try {
        const answer = await fetch(`/suggest?q=${encodeURIComponent(typed)}`, { signal: mine.signal });
        if (answer.ok) show(typed, await answer.text());
      } catch (error) {
        if (error.name !== "AbortError") close();
      }
      if (mine === asked) list.setAttribute("aria-busy", "false");
    };
    // Who has gone down to a suggestion already stays on it, if it is among the new ones.
    const show = (typed, found) => {
      const chosen = current()?.dataset.href;
      list.innerHTML = found;
      shownFor = typed;
      select(options().find((option) => option.dataset.href === chosen) || null);
      if (options().length) open();
      else close();
    };
    const soon = () => {
      list.setAttribute("aria-busy", "true");
      clearTimeout(waiting);
      waiting = setTimeout(ask, PAUSE);
    };

    input.addEventListener("input", soon);
    input.addEventListener("focus", ask);
    input.addEventListener("blur", () => setTimeout(close, PAUSE));
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return; // choosing characters in an input method is not choosing a suggestion
      const all = options();
      const at = all.indexOf(current());
      if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        close();
      } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && all.length) {
        event.preventDefault();
        if (list.hidden) return open();
        const step = event.key === "ArrowDown" ? 1 : -1;
        const next = at === -1 && step === -1 ? all.length - 1 : at + step;
        select(next < 0 || next >= all.length ? null : all[next]);
      } else if (event.key === "Enter" && !list.hidden && at !== -1) {
        event.preventDefault();
        location.assign(all[at].dataset.href);
      }
    });
    list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) location.assign(option.dataset.href);
    });
  };

  const form = document.querySelector("form[data-suggest]");
  if (form) enhance(form);
})();
