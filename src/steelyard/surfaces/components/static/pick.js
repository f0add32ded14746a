// A list of product addresses becomes a search box and the chosen goods, to be put in order. The field itself is what is
// sent, and what is there without this file.
(() => {
  "use strict";
  const TYPED_MS = 200;
  let count = 0;

  const make = (tag, props = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), props);
    node.append(...children);
    return node;
  };

  const picture = (pick) =>
    pick.picture
      ? make("img", { src: `/media/120/${pick.picture}`, alt: "", width: 40, height: 40, loading: "lazy" })
      : make("span", { className: "picked-none" });

  function enhance(field) {
    if (field.dataset.enhanced) return;
    field.dataset.enhanced = "yes";
    const words = field.dataset;
    const id = `pick-${(count += 1)}`;
    const chosen = new Map(); // product id -> pick
    const input = make("input", { className: "input", type: "search", id: `${id}-search`, autocomplete: "off", placeholder: words.search });
    const list = make("ul", { className: "pick-list", id: `${id}-list`, hidden: true });
    const picked = make("ol", { className: "picked" });
    const said = make("p", { className: "visually-hidden" });
    said.setAttribute("role", "status");
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", words.search);
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", list.id);
    const label = field.closest("form").querySelector(`label[for="${field.id}"]`);
    if (label) input.setAttribute("aria-label", label.textContent.trim());
    let offered = [];
    let at = -1;
    let timer = 0;
    let asked = 0;

    const ask = async (query) => {
      const answer = await fetch(`${words.pickGoods}?${new URLSearchParams(query)}`, { headers: { accept: "application/json" } });
      return answer.ok ? answer.json() : [];
    };
    const close = () => {
      list.hidden = true;
      at = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    };
    const point = (to) => {
      at = to;
      [...list.children].forEach((each, n) => each.setAttribute("aria-selected", String(n === at)));
      const here = list.children[at];
      if (!here) return;
      input.setAttribute("aria-activedescendant", here.id);
      here.scrollIntoView({ block: "nearest" });
    };
    const offer = (found) => {
      offered = found.filter((each) => !chosen.has(each.id));
      list.replaceChildren(
        ...offered.map((pick, n) => {
          const option = make("li", { id: `${id}-${n}` }, picture(pick), make("span", { textContent: pick.title }));
          option.setAttribute("role", "option");
          option.setAttribute("aria-selected", "false");
          option.addEventListener("mousedown", (event) => {
            event.preventDefault();
            take(n);
          });
          return option;
        }),
      );
      list.hidden = !offered.length;
      input.setAttribute("aria-expanded", String(!list.hidden));
      at = -1;
      said.textContent = offered.length ? "" : words.nothing;
    };
    const look = () => {
      const mine = (asked += 1);
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const found = await ask({ q: input.value.trim() }).catch(() => []);
        if (mine === asked) offer(found);
      }, TYPED_MS);
    };
    const take = (n) => {
      const pick = offered[n];
      if (!pick) return;
      chosen.set(pick.id, pick);
      input.value = "";
      close();
      show();
      said.textContent = `${words.added}: ${pick.title}`;
    };
    const move = (key, step) => {
      const keys = [...chosen.keys()];
      const from = keys.indexOf(key);
      const to = from + step;
      if (to < 0 || to >= keys.length) return;
      keys.splice(to, 0, keys.splice(from, 1)[0]);
      const before = new Map(chosen);
      chosen.clear();
      for (const each of keys) chosen.set(each, before.get(each));
      show();
      picked.children[to]?.querySelector(`[data-step="${step}"]`)?.focus();
    };
    const tool = (text, glyph, act, props = {}) => {
      const button = make("button", { type: "button", className: "button button-quiet button-small button-icon", title: text, ...props });
      button.append(make("span", { textContent: glyph, ariaHidden: "true" }), make("span", { className: "visually-hidden", textContent: text }));
      button.addEventListener("click", act);
      return button;
    };
    const show = () => {
      field.value = [...chosen.keys()].join("\n");
      field.dispatchEvent(new Event("input", { bubbles: true }));
      const keys = [...chosen.keys()];
      picked.replaceChildren(
        ...keys.map((key, n) => {
          const pick = chosen.get(key);
          const title = make("span", { className: "grow", textContent: pick.title });
          if (pick.off) title.append(" ", make("span", { className: "badge tone-quiet", textContent: words.off }));
          const up = tool(`${words.up}: ${pick.title}`, "↑", () => move(key, -1), { disabled: n === 0 });
          const down = tool(`${words.down}: ${pick.title}`, "↓", () => move(key, 1), { disabled: n === keys.length - 1 });
          up.dataset.step = "-1";
          down.dataset.step = "1";
          const away = tool(`${words.remove}: ${pick.title}`, "×", () => {
            chosen.delete(key);
            show();
            (picked.children[n] || picked.lastElementChild)?.querySelector("button:last-child")?.focus();
            if (!chosen.size) input.focus();
          });
          return make("li", {}, picture(pick), title, up, down, away);
        }),
      );
      picked.hidden = !keys.length;
    };

    input.addEventListener("input", look);
    input.addEventListener("focus", look);
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) look();
        else point((at + (event.key === "ArrowDown" ? 1 : -1) + offered.length) % offered.length);
      } else if (event.key === "Enter") {
        event.preventDefault(); // searching sends no form
        if (at >= 0) take(at);
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        close();
      }
    });

    const ids = field.value.split(/\s+/).filter(Boolean);
    const begin = (found) => {
      for (const pick of found) chosen.set(pick.id, pick);
      const box = make("div", { className: "pick" }, make("div", { className: "pick-search" }, input, list), picked, said);
      field.after(box);
      field.hidden = true;
      // What it says of addresses is for the list of addresses.
      for (const each of (field.getAttribute("aria-describedby") || "").split(" ")) document.getElementById(each)?.setAttribute("hidden", "");
      show();
    };
    // Whoever has chosen something sees it first; when it cannot be asked for, the addresses stay as they are.
    if (!ids.length) begin([]);
    else ask({ ids: ids.map((each) => (each.match(/[0-9a-f-]{36}/i) || [""])[0]).filter(Boolean).join(",") }).then(begin, () => {});
  }

  for (const field of document.querySelectorAll("textarea[data-pick-goods]")) enhance(field);
  // In a part of a page that has come later.
  document.addEventListener("htmx:load", (event) => {
    for (const field of event.detail.elt.querySelectorAll("textarea[data-pick-goods]")) enhance(field);
  });
})();
