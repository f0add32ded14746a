// Draws a journey on a canvas that is moved and zoomed, and tells what people do on it. It decides nothing about the graph.
(() => {
  "use strict";
  const { WIDTH, GRID, snap, find, outs, kindOf, before, order } = window.steelyardJourney;
  const { way, path } = window.steelyardJourneyLines;
  const ZOOM_MIN = 0.25;
  const ZOOM_MAX = 1.5;
  const DRAG_PIXELS = 4;
  const SVG = "http://www.w3.org/2000/svg";
  const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === true) element.setAttribute(key, "");
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
  };

  class Canvas {
    // `said` are the words, `on` what is called: choose(key), open(key, out, button), moved(key, x, y, joins), removed(key),
    // joined(key, out, to); without `on` nothing can be changed, and boxes are links.
    constructor(frame, { words, on = null }) {
      Object.assign(this, { frame, words, on, zoom: 1, x: 0, y: 0, chosen: "", items: new Map(), pointers: new Map() });
      this.lines = document.createElementNS(SVG, "svg");
      this.lines.classList.add("journey-lines");
      this.lines.setAttribute("aria-hidden", "true");
      this.boxes = make("ol", { class: "journey-boxes", role: "list", "aria-label": words.boxes });
      this.world = make("div", { class: "journey-world" }, this.lines, this.boxes);
      this.frame.append(this.world);
      this.#listen();
    }

    // ── Drawing
    draw(graph, views) {
      this.graph = graph;
      this.views = views;
      const wanted = order(graph);
      for (const [key, item] of this.items) if (!find(graph, key)) { item.remove(); this.items.delete(key); }
      wanted.forEach((node, place) => {
        let item = this.items.get(node.key);
        if (!item) {
          item = make("li", { class: "journey-box", "data-key": node.key });
          this.items.set(node.key, item);
        }
        this.#fill(item, node, views[node.key] || {});
        if (this.boxes.children[place] !== item) this.boxes.insertBefore(item, this.boxes.children[place] || null);
        this.#place(item, node.x, node.y);
      });
      this.#mark();
      this.route();
    }

    #place(item, x, y) {
      Object.assign(item.style, { left: `${x}px`, top: `${y}px` });
    }

    #fill(item, node, view) {
      const print = JSON.stringify([view, kindOf(node), node.note, outs(node), Object.values(node.next).map((to) => (to ? this.views[to]?.title : ""))]);
      if (item.dataset.print === print) return;
      const focused = item.contains(document.activeElement) ? document.activeElement.dataset.out || "face" : "";
      item.dataset.print = print;
      item.className = `journey-box is-${kindOf(node)}${view.faults?.length ? " has-fault" : ""}${view.tone ? ` is-tone-${view.tone}` : ""}`;
      const icon = document.querySelector(`template[data-icon="${kindOf(node)}"]`);
      const face = make(this.on ? "button" : view.href ? "a" : "div", { class: "journey-face", ...(this.on ? { type: "button" } : view.href ? { href: view.href } : {}) },
        make("span", { class: "journey-kind" }, make("span", { class: "journey-icon" }, icon ? icon.content.cloneNode(true) : ""), make("span", {}, view.kind || kindOf(node))),
        make("span", { class: "journey-title" }, view.title || ""),
        ...(view.says ? [make("span", { class: "journey-says" }, view.says)] : []),
        ...(node.note ? [make("span", { class: "journey-note" }, node.note)] : []),
        ...(view.figures || []).map(([label, value, tone]) => make("span", { class: `journey-figure${tone ? ` tone-${tone}` : ""}` }, make("span", {}, label), make("b", { class: "figures" }, value))));
      const parts = [face];
      if (view.faults?.length) {
        const id = `fault-${node.key}`;
        face.setAttribute("aria-describedby", id);
        parts.push(make("p", { class: "journey-fault", id }, view.faults.join(" ")));
      }
      const row = make("div", { class: "journey-outs" });
      const named = view.outs || outs(node).map((name) => ({ name, label: "" }));
      for (const { name, label, figure, quiet } of named) {
        const to = node.next[name];
        const leads = to ? this.words.leads.replace("{to}", this.views[to]?.title || to) : this.words.open;
        const shown = [label, figure].filter(Boolean).join(" · ");
        const inside = shown ? make("span", {}, shown) : make("span", { "aria-hidden": "true" }, "+");
        row.append(this.on
          ? make("button", { class: `journey-out${to ? "" : quiet ? " is-quiet" : " is-open"}${shown ? "" : " is-plain"}`, type: "button", "data-out": name, "aria-haspopup": "menu", "aria-label": [view.title, label, leads].filter(Boolean).join(": ") }, inside)
          : make("span", { class: `journey-out${shown ? "" : " is-plain is-still"}`, "data-out": name }, shown ? inside : ""));
      }
      if (named.length) parts.push(row);
      item.replaceChildren(...parts);
      if (focused) (item.querySelector(`[data-out="${focused}"]`) || item.querySelector(".journey-face")).focus({ preventScroll: true });
    }

    #mark() {
      for (const [key, item] of this.items) {
        item.classList.toggle("is-chosen", key === this.chosen);
        const face = item.querySelector("button.journey-face");
        if (face) face.setAttribute("aria-pressed", String(key === this.chosen));
      }
    }

    heights() {
      return Object.fromEntries([...this.items].map(([key, item]) => [key, item.offsetHeight]));
    }

    #box(key) {
      const item = this.items.get(key);
      return { x: parseFloat(item.style.left), y: parseFloat(item.style.top), width: WIDTH, height: item.offsetHeight };
    }

    // Where a line leaves: below the out's own button.
    #port(key, out) {
      const item = this.items.get(key);
      const chip = item.querySelector(`[data-out="${out}"]`);
      const box = this.#box(key);
      if (!chip) return { x: box.x + WIDTH / 2, y: box.y + box.height };
      const row = chip.parentElement;
      return { x: box.x + row.offsetLeft + chip.offsetLeft + chip.offsetWidth / 2, y: box.y + row.offsetTop + chip.offsetTop + chip.offsetHeight };
    }

    route(loose = null) {
      const rectangles = [...this.items.keys()].map((key) => this.#box(key));
      const drawn = [];
      for (const node of this.graph.nodes) for (const out of outs(node)) {
        const to = node.next[out];
        if (!to || !this.items.has(to) || (loose && loose.from === node.key && loose.out === out)) continue;
        const target = this.#box(to);
        const points = way(this.#port(node.key, out), { x: target.x + WIDTH / 2, y: target.y - 3 }, rectangles, before(this.graph, to).length > 1, outs(node).indexOf(out));
        drawn.push(this.#line(path(points), node.key, out));
      }
      if (loose) drawn.push(this.#line(path([loose.start, { x: loose.start.x, y: (loose.start.y + loose.at.y) / 2 }, { x: loose.at.x, y: (loose.start.y + loose.at.y) / 2 }, loose.at]), "", "", "is-loose"));
      this.lines.replaceChildren(...drawn);
    }

    #line(drawing, key, out, extra = "") {
      const group = document.createElementNS(SVG, "g");
      const view = this.views[key]?.outs?.find((each) => each.name === out);
      group.setAttribute("class", `journey-line ${extra}${key && key === this.chosen ? " is-chosen" : ""}${view?.tone ? ` tone-${view.tone}` : ""}`);
      for (const name of this.on && key ? ["journey-line-hit", "journey-line-drawn"] : ["journey-line-drawn"]) {
        const line = document.createElementNS(SVG, "path");
        line.setAttribute("d", drawing);
        line.setAttribute("class", name);
        group.append(line);
      }
      const end = drawing.match(/([-\d.]+) ([-\d.]+)$/);
      const head = document.createElementNS(SVG, "path");
      head.setAttribute("d", `M ${Number(end[1]) - 5} ${Number(end[2]) - 6} l 5 6 l 5 -6`);
      head.setAttribute("class", "journey-line-head");
      group.append(head);
      Object.assign(group.dataset, { from: key, out });
      return group;
    }

    // ── Where one looks
    choose(key, focus = false) {
      this.chosen = key;
      this.#mark();
      this.route();
      const face = this.items.get(key)?.querySelector(".journey-face");
      if (face && focus) face.focus({ preventScroll: true });
      if (face) this.show(key);
    }

    #look() {
      this.world.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.zoom})`;
      const step = GRID * this.zoom * (this.zoom < 0.6 ? 2 : 1);
      Object.assign(this.frame.style, { backgroundSize: `${step}px ${step}px`, backgroundPosition: `${this.x}px ${this.y}px` });
      this.frame.dispatchEvent(new CustomEvent("journey:zoom", { detail: Math.round(this.zoom * 100) }));
    }

    zoomTo(zoom, at = null) {
      const bounds = this.frame.getBoundingClientRect();
      const [x, y] = at ? [at.x - bounds.left, at.y - bounds.top] : [bounds.width / 2, bounds.height / 2];
      const wanted = Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, zoom));
      this.x = x - ((x - this.x) * wanted) / this.zoom;
      this.y = y - ((y - this.y) * wanted) / this.zoom;
      this.zoom = wanted;
      this.#look();
    }

    // `least`: not smaller than this; what does not fit then is shown from its beginning on.
    fit(least = ZOOM_MIN) {
      const boxes = [...this.items.keys()].map((key) => this.#box(key));
      if (!boxes.length || !this.frame.clientWidth) return;
      const left = Math.min(...boxes.map((box) => box.x)) - 48;
      const top = Math.min(...boxes.map((box) => box.y)) - 32;
      const wide = Math.max(...boxes.map((box) => box.x + box.width)) + 48 - left;
      const high = Math.max(...boxes.map((box) => box.y + box.height)) + 48 - top;
      const whole = Math.min(this.frame.clientWidth / wide, this.frame.clientHeight / high, 1);
      this.zoom = Math.max(least, whole);
      const begins = boxes[0].x + boxes[0].width / 2;
      const fits = wide * this.zoom <= this.frame.clientWidth;
      this.x = this.frame.clientWidth / 2 - (fits ? left + wide / 2 : begins) * this.zoom;
      this.y = Math.max((this.frame.clientHeight - high * this.zoom) / 2, 0) - top * this.zoom;
      this.#look();
    }

    // Moved just so far that the box is seen.
    show(key) {
      const box = this.#box(key);
      const [left, top] = [box.x * this.zoom + this.x, box.y * this.zoom + this.y];
      const [wide, high] = [box.width * this.zoom, (box.height + GRID) * this.zoom];
      const within = (at, size, frame) => (at < GRID ? GRID - at : at + size > frame - GRID ? Math.max(frame - GRID - at - size, GRID - at) : 0);
      this.x += within(left, wide, this.frame.clientWidth);
      this.y += within(top, high, this.frame.clientHeight);
      this.#look();
    }

    // A point of the window, in units of the canvas.
    at(x, y) {
      const bounds = this.frame.getBoundingClientRect();
      return { x: (x - bounds.left - this.x) / this.zoom, y: (y - bounds.top - this.y) / this.zoom };
    }

    middle() {
      const bounds = this.frame.getBoundingClientRect();
      return this.at(bounds.left + bounds.width / 2, bounds.top + bounds.height / 2);
    }

    under(x, y) {
      const element = document.elementFromPoint(x, y);
      if (!element || !this.frame.contains(element)) return null;
      const box = element.closest(".journey-box");
      const line = element.closest(".journey-line");
      return { box: box?.dataset.key || "", out: element.closest("[data-out]")?.dataset.out || "", from: line?.dataset.from || "" };
    }

    // ── What people do
    #listen() {
      const frame = this.frame;
      frame.addEventListener("wheel", (event) => {
        event.preventDefault();
        if (event.ctrlKey || event.metaKey) return this.zoomTo(this.zoom * Math.exp(-event.deltaY * 0.005), { x: event.clientX, y: event.clientY });
        this.x -= event.shiftKey ? event.deltaY : event.deltaX;
        this.y -= event.shiftKey ? 0 : event.deltaY;
        this.#look();
      }, { passive: false });
      frame.addEventListener("pointerdown", (event) => this.#down(event));
      frame.addEventListener("pointermove", (event) => this.#moved(event));
      for (const kind of ["pointerup", "pointercancel"]) frame.addEventListener(kind, (event) => this.#up(event));
      // The browser would scroll the frame to what has the focus; the canvas moves itself.
      frame.addEventListener("scroll", () => frame.scrollTo(0, 0));
      frame.addEventListener("focusin", (event) => {
        const key = event.target.closest(".journey-box")?.dataset.key;
        if (key && event.target.matches(":focus-visible")) this.show(key);
      });
      frame.addEventListener("click", (event) => this.#clicked(event));
      frame.addEventListener("keydown", (event) => this.#pressed(event));
    }

    #clicked(event) {
      // A click that ended a drag is none.
      if (this.dragged) {
        this.dragged = false;
        event.preventDefault();
        return;
      }
      if (!this.on) return;
      const key = event.target.closest(".journey-box")?.dataset.key;
      const out = event.target.closest(".journey-out");
      const line = event.target.closest(".journey-line");
      if (out) this.on.open(key, out.dataset.out, out);
      else if (event.target.closest(".journey-face")) this.on.choose(key);
      else if (line) this.on.open(line.dataset.from, line.dataset.out, this.items.get(line.dataset.from).querySelector(`[data-out="${line.dataset.out}"]`), event);
    }

    #pressed(event) {
      const key = event.target.closest(".journey-box")?.dataset.key;
      if (event.key === "+" || event.key === "=") this.zoomTo(this.zoom * 1.2);
      else if (event.key === "-") this.zoomTo(this.zoom / 1.2);
      else if (event.key === "0") this.fit();
      else if (MOVES[event.key] && event.target === this.frame) {
        this.x -= MOVES[event.key][0] * 60;
        this.y -= MOVES[event.key][1] * 60;
        this.#look();
      } else if (this.on && key && MOVES[event.key]) {
        const node = find(this.graph, key);
        const steps = event.shiftKey ? GRID * 5 : GRID;
        this.on.moved(key, node.x + MOVES[event.key][0] * steps, node.y + MOVES[event.key][1] * steps, `keys-${key}`);
        this.show(key);
      } else if (this.on && key && (event.key === "Delete" || event.key === "Backspace")) {
        const out = event.target.dataset.out;
        if (out) this.on.joined(key, out, null);
        else this.on.removed(key);
      } else return;
      event.preventDefault();
      event.stopPropagation();
    }

    #down(event) {
      if (event.button > 1 || (event.target.closest("[data-over-canvas]"))) return;
      this.dragged = false;
      this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      const key = event.target.closest(".journey-box")?.dataset.key;
      const out = event.target.closest("button.journey-out")?.dataset.out;
      const start = { x: event.clientX, y: event.clientY, id: event.pointerId };
      if (this.pointers.size > 1) this.drag = { what: "pinch", spread: this.#spread(), zoom: this.zoom };
      else if (this.on && out) this.drag = { what: "line", key, out, ...start };
      else if (this.on && key && event.button === 0) this.drag = { what: "box", key, from: find(this.graph, key), ...start };
      else this.drag = { what: "pan", left: this.x, top: this.y, ...start };
      if (!event.target.closest("button, a, path")) frameFocus(this.frame);
    }

    #spread() {
      const [one, other] = [...this.pointers.values()];
      return Math.hypot(one.x - other.x, one.y - other.y) || 1;
    }

    #moved(event) {
      if (!this.pointers.has(event.pointerId) || !this.drag) return;
      this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      const drag = this.drag;
      if (drag.what === "pinch") {
        if (this.pointers.size < 2) return;
        const [one, other] = [...this.pointers.values()];
        this.dragged = true;
        return this.zoomTo((drag.zoom * this.#spread()) / drag.spread, { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 });
      }
      const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
      if (!this.dragged) {
        if (Math.hypot(dx, dy) < DRAG_PIXELS) return;
        this.dragged = true;
        this.frame.setPointerCapture(event.pointerId);
        this.frame.classList.add(`is-${drag.what}`);
      }
      if (drag.what === "pan") {
        [this.x, this.y] = [drag.left + dx, drag.top + dy];
        this.#look();
      } else if (drag.what === "box") {
        drag.to = { x: snap(drag.from.x + dx / this.zoom), y: snap(drag.from.y + dy / this.zoom) };
        this.#place(this.items.get(drag.key), drag.to.x, drag.to.y);
        this.route();
      } else {
        this.route({ from: drag.key, out: drag.out, start: this.#port(drag.key, drag.out), at: this.at(event.clientX, event.clientY) });
        const under = this.under(event.clientX, event.clientY)?.box;
        for (const [key, item] of this.items) item.classList.toggle("is-target", key === under && window.steelyardJourney.mayLead(this.graph, drag.key, key));
      }
    }

    #up(event) {
      if (!this.pointers.delete(event.pointerId) || !this.drag) return;
      const drag = this.drag;
      if (this.pointers.size) return;
      this.drag = null;
      this.frame.classList.remove("is-pan", "is-box", "is-line");
      for (const item of this.items.values()) item.classList.remove("is-target");
      if (!this.dragged) return;
      // No click follows where the pointer was captured and let go over something else.
      setTimeout(() => { this.dragged = false; }, 0);
      if (event.type === "pointercancel") this.draw(this.graph, this.views);
      else if (drag.what === "box" && drag.to) this.on.moved(drag.key, drag.to.x, drag.to.y);
      else if (drag.what === "line") {
        const to = this.under(event.clientX, event.clientY)?.box;
        if (to && window.steelyardJourney.mayLead(this.graph, drag.key, to)) this.on.joined(drag.key, drag.out, to);
        else {
          this.route();
          if (!to) this.on.open(drag.key, drag.out, this.items.get(drag.key).querySelector(`[data-out="${drag.out}"]`), event);
        }
      }
    }
  }

  const frameFocus = (frame) => frame.focus({ preventScroll: true });

  window.steelyardJourneyCanvas = { Canvas, make };
})();
