// What comes at an out of a box: a further box, one that is there, or nothing. A menu for mouse, finger and keyboard.
(() => {
  "use strict";
  const { make } = window.steelyardJourneyCanvas;
  const { mayLead, order, find, kindOf } = window.steelyardJourney;

  class Picker {
    constructor(place, words, kinds) {
      Object.assign(this, { words, kinds });
      this.menu = make("div", { class: "journey-menu", role: "menu", popover: "auto", "data-over-canvas": true });
      place.append(this.menu);
      this.menu.addEventListener("keydown", (event) => this.#pressed(event));
      this.menu.addEventListener("click", (event) => {
        const item = event.target.closest("[role=menuitem]");
        if (!item) return;
        this.chosen = true;
        this.menu.hidePopover();
        this.answer(item.dataset);
      });
      this.menu.addEventListener("toggle", (event) => {
        if (event.newState !== "closed") return;
        this.opener?.setAttribute("aria-expanded", "false");
        if (!this.chosen && this.opener?.isConnected) this.opener.focus({ preventScroll: true });
      });
    }

    // Calls `answer` with {add: kind}, {to: key} or {cut: ""}.
    open({ graph, views, key, out, opener, at }, answer) {
      Object.assign(this, { opener, answer, chosen: false });
      const node = find(graph, key);
      const label = views[key]?.outs?.find((each) => each.name === out)?.label;
      this.menu.setAttribute("aria-label", [views[key]?.title, label].filter(Boolean).join(": "));
      const groups = [[this.words.addHere, this.kinds.map((kind) => this.#item({ add: kind.kind }, kind.label, kind.kind, kind.text))]];
      const targets = order(graph).filter((each) => mayLead(graph, key, each.key) && each.key !== node.next[out]);
      if (targets.length) groups.push([this.words.leadTo, targets.map((each) => this.#item({ to: each.key }, views[each.key]?.title || each.key, kindOf(each)))]);
      if (node.next[out]) groups.push([this.words.connection, [this.#item({ cut: "yes" }, this.words.cut, "cut")]]);
      this.menu.replaceChildren(...groups.map(([title, items], place) =>
        make("div", { role: "group", "aria-labelledby": `journey-menu-${place}` }, make("p", { class: "journey-menu-title", id: `journey-menu-${place}` }, title), ...items)));
      this.menu.showPopover();
      const anchor = opener.getBoundingClientRect();
      const [x, y] = at ? [at.clientX, at.clientY] : [anchor.left, anchor.bottom + 4];
      const { width, height } = this.menu.getBoundingClientRect();
      this.menu.style.left = `${Math.max(8, Math.min(x, window.innerWidth - width - 8))}px`;
      this.menu.style.top = `${Math.max(8, Math.min(y, window.innerHeight - height - 8))}px`;
      opener.setAttribute("aria-expanded", "true");
      this.#items()[0].focus();
    }

    #item(data, label, kind, text = "") {
      const icon = document.querySelector(`template[data-icon="${kind}"]`);
      const item = make("button", { type: "button", role: "menuitem", tabindex: "-1" },
        make("span", { class: "journey-icon" }, icon ? icon.content.cloneNode(true) : ""),
        make("span", {}, make("span", { class: "journey-menu-label" }, label), ...(text ? [make("span", { class: "journey-menu-text" }, text)] : [])));
      Object.assign(item.dataset, data);
      item.classList.add(`is-${kind}`);
      return item;
    }

    #items() {
      return [...this.menu.querySelectorAll("[role=menuitem]")];
    }

    #pressed(event) {
      const items = this.#items();
      const here = items.indexOf(document.activeElement);
      const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: items.length - 1 }[event.key];
      if (to !== undefined) items[(to + items.length) % items.length].focus();
      else if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey) {
        // A letter goes to the next that begins with it.
        const after = [...items.slice(here + 1), ...items.slice(0, here + 1)];
        after.find((each) => each.querySelector(".journey-menu-label").textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
      } else if (event.key === "Tab") this.menu.hidePopover();
      else return;
      event.preventDefault();
      event.stopPropagation();
    }
  }

  window.steelyardJourneyPicker = { Picker };
})();
