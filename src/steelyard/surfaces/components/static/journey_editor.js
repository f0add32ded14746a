// The editor of a journey: canvas, menu and panel bound to one graph, which is saved by itself and can be taken back step by step.
// A page that only shows a journey has the canvas alone.
(() => {
  "use strict";
  const graphs = window.steelyardJourney;
  const { Canvas } = window.steelyardJourneyCanvas;
  const { Picker } = window.steelyardJourneyPicker;
  const { Panel, token } = window.steelyardJourneyPanel;
  const SAVE_AFTER = 400;
  const AGAIN_AFTER = 4000;
  const ANSWERED_WITHIN = 20000;
  const READABLE = 0.75;
  const root = document.querySelector("[data-journey]");
  if (!root) return;
  const told = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const frame = root.querySelector("[data-journey-canvas]");
  const zoom = root.querySelector("[data-zoom-shown]");
  frame.addEventListener("journey:zoom", (event) => { if (zoom) zoom.textContent = `${event.detail}%`; });
  root.classList.add("is-alive");
  const press = (name, act) => { for (const button of root.querySelectorAll(`[data-do="${name}"]`)) button.addEventListener("click", act); };

  const shown = (canvas, ready = () => canvas.route()) => {
    press("zoom-in", () => canvas.zoomTo(canvas.zoom * 1.2));
    press("zoom-out", () => canvas.zoomTo(canvas.zoom / 1.2));
    press("fit", () => canvas.fit());
    window.addEventListener("resize", () => canvas.route());
    // Where the canvas is hidden, as on a phone, nothing can be measured yet.
    let seen = false;
    new ResizeObserver(() => {
      if (!frame.clientWidth || seen) return;
      seen = true;
      ready();
      canvas.fit(READABLE);
    }).observe(frame);
  };

  if (!told.editable) {
    const canvas = new Canvas(frame, { words: told.words });
    canvas.draw(told.graph, told.boxes);
    shown(canvas, () => canvas.draw(graphs.spread(told.graph, canvas.heights()), told.boxes));
    return;
  }

  // ── What is kept
  const history = new graphs.History(told.graph);
  let views = told.boxes;
  let seen = told.seen;
  let line = Promise.resolve();
  // How often it was changed, and up to which change the house has it.
  let changes = 0;
  let kept = 0;
  let overtaken = false;
  let waiting = 0;
  const kinds = new Map(told.kinds.map((each) => [each.kind, each]));
  const state = root.querySelector("[data-save-state]");
  const announce = (text) => { document.getElementById("announcer").textContent = text; };
  const say = (words, tone = "") => {
    state.textContent = words;
    state.className = `journey-state small ${tone}`;
  };

  const post = async (address, body, headers = {}) => {
    const answer = await fetch(address, { method: "POST", body, headers: { "x-csrf-token": token(), accept: "application/json", ...headers }, credentials: "same-origin", signal: AbortSignal.timeout(ANSWERED_WITHIN) });
    if (answer.status === 401) location.reload();
    return answer;
  };
  const taken = (answer, upTo) => {
    kept = upTo;
    seen = answer.seen;
    views = answer.boxes;
    faults(answer.faults);
    redraw();
    root.dispatchEvent(new CustomEvent("journey:saved", { bubbles: true }));
    say(told.words.saved.replace("{time}", new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" })));
  };
  const refused = async (answer) => {
    const said = await answer.json().catch(() => ({}));
    if (answer.status === 409) overtaken = true;
    say(said.detail || said.title || told.words.failed, "tone-bad");
    if (overtaken) root.querySelector("[data-overtaken]").hidden = false;
    else if (answer.status >= 500) again();
  };
  // What was not answered, or with an error of the house, is tried again: the form beside the canvas, and then the graph.
  const again = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => panel.settle(), AGAIN_AFTER);
  };
  // One after another: each save says what it has seen. What was not answered may have been kept all the same: it is said once
  // more, word for word, before anything else, so that we are not overtaken by ourselves.
  let unanswered = null;
  const deliver = async (letter) => {
    unanswered = letter;
    await letter.heard(await post(...letter.post));
    unanswered = null;
  };
  const queue = (act) => {
    line = line.then(() => unanswered && deliver(unanswered)).then(act).catch(() => {
      say(told.words.offline, "tone-bad");
      again();
    });
    return line;
  };
  const save = () => {
    clearTimeout(waiting);
    if (kept === changes || overtaken) return line;
    return queue(async () => {
      if (kept === changes || overtaken) return;
      say(told.words.saving);
      const upTo = changes;
      await deliver({
        post: [told.graphAddress, JSON.stringify({ seen, graph: history.now }), { "content-type": "application/json" }],
        heard: async (answer) => (answer.ok ? taken(await answer.json(), upTo) : refused(answer)),
      });
    });
  };
  window.addEventListener("beforeunload", (event) => {
    if (overtaken || (kept === changes && !panel.pending.size)) return;
    panel.settle();
    event.preventDefault();
  });

  // ── What is shown
  const faults = (all) => {
    const list = root.querySelector("[data-faults]");
    const count = root.querySelector("[data-fault-count]");
    list.replaceChildren(...all.map(({ key, words }) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "link-button", textContent: views[key] ? `${views[key].title}: ${words}` : words });
      if (views[key]) button.addEventListener("click", () => choose(key, true));
      item.append(button);
      return item;
    }));
    count.textContent = all.length ? (all.length === 1 ? told.words.oneFault : told.words.faults.replace("{count}", all.length)) : told.words.noFaults;
    root.querySelector("[data-fault-box]").classList.toggle("has-faults", all.length > 0);
  };
  const view = (graph) => {
    // A box that the house has not seen yet looks as its kind does.
    const found = {};
    for (const node of graph.nodes) found[node.key] = views[node.key] || kinds.get(graphs.kindOf(node))?.view || { title: node.key };
    return found;
  };
  const canvas = new Canvas(frame, {
    words: told.words,
    on: {
      choose: (key) => choose(key),
      open: (key, out, opener, at) => open(key, out, opener, at),
      moved: (key, x, y, joins = "") => commit(graphs.move(history.now, key, x, y), joins),
      removed: (key) => remove(key),
      joined: (key, out, to) => commit(graphs.connect(history.now, key, out, to)),
    },
  });
  const redraw = () => {
    if (canvas.chosen && !graphs.find(history.now, canvas.chosen)) leave();
    canvas.draw(history.now, view(history.now));
    for (const [name, can] of [["undo", history.past.length], ["redo", history.future.length]]) {
      for (const button of root.querySelectorAll(`[data-do="${name}"]`)) button.disabled = !can;
    }
    const chosen = graphs.find(history.now, canvas.chosen);
    for (const button of root.querySelectorAll("[data-do='remove']")) button.disabled = !chosen || graphs.kindOf(chosen) === "trigger";
  };
  const later = () => {
    changes += 1;
    redraw();
    clearTimeout(waiting);
    waiting = setTimeout(save, SAVE_AFTER);
  };
  const commit = (graph, joins = "") => { if (history.push(graph, joins)) later(); else canvas.draw(history.now, view(history.now)); };

  // ── What is done
  const panel = new Panel(root.querySelector("[data-journey-panel]"), {
    address: (key) => `${told.boxAddress}/${key}`,
    words: told.words,
    flush: () => save(),
    closed: () => { const key = canvas.chosen; leave(); canvas.items.get(key)?.querySelector(".journey-face").focus(); },
    removed: (key) => remove(key),
    // Resolves to what is answered; to nothing where it has to be sent again.
    send: (key, form) => {
      let said = null;
      const data = new FormData(form);
      return save().then(() => queue(async () => {
        // A box that is gone, or a journey that another window has changed: there is nothing to be kept any more.
        if (overtaken || !graphs.find(history.now, key)) { said = {}; return; }
        const upTo = changes;
        data.set("seen", seen);
        data.set("graph", JSON.stringify(history.now));
        const heard = async (answer) => {
          if (!answer.ok && answer.status !== 422) return refused(answer);
          said = await answer.json();
          if (!said.node) return;
          history.push(graphs.replace(history.now, said.node), `panel-${key}`);
          taken(said, upTo);
        };
        await deliver({ post: [`${told.boxAddress}/${key}`, data], heard });
      })).then(() => said);
    },
  });
  const leave = () => {
    canvas.choose("");
    panel.close();
    root.classList.remove("has-panel");
  };
  const choose = (key, focus = false) => {
    root.classList.add("has-panel");
    canvas.choose(key, focus);
    redraw();
    if (panel.key !== key) panel.open(key);
  };
  const blank = (kind) => kinds.get(kind).node;
  const added = ([graph, key]) => {
    commit(graph);
    choose(key, true);
    announce(told.words.added.replace("{box}", kinds.get(graphs.kindOf(graphs.find(graph, key))).label));
  };
  const remove = (key) => {
    const title = view(history.now)[key].title;
    const above = graphs.before(history.now, key)[0]?.[0];
    const graph = graphs.remove(history.now, key);
    if (graph === history.now) return announce(told.words.staysTrigger);
    leave();
    commit(graph);
    announce(told.words.removed.replace("{box}", title));
    (canvas.items.get(above)?.querySelector(".journey-face") || frame).focus({ preventScroll: true });
  };
  const picker = new Picker(root, told.words, told.kinds.filter((each) => each.kind !== "trigger"));
  const open = (key, out, opener, at = null) => picker.open({ graph: history.now, views: view(history.now), key, out, opener, at }, (answer) => {
    if (answer.add) return added(graphs.insert(history.now, key, out, blank(answer.add), canvas.heights()));
    commit(graphs.connect(history.now, key, out, answer.to || null));
    canvas.items.get(key)?.querySelector(`[data-out="${out}"]`)?.focus({ preventScroll: true });
  });
  // By the palette: after the chosen box, else where one looks.
  const place = (kind, at = null) => {
    const chosen = graphs.find(history.now, canvas.chosen);
    if (!at && chosen && graphs.outs(chosen).length) {
      const out = graphs.outs(chosen).find((each) => !chosen.next[each]) || graphs.outs(chosen)[0];
      return added(graphs.insert(history.now, chosen.key, out, blank(kind), canvas.heights()));
    }
    const middle = at || canvas.middle();
    return added(graphs.add(history.now, blank(kind), middle.x - graphs.WIDTH / 2, middle.y - graphs.HEIGHT / 2));
  };
  const step = (name) => {
    if (!history[name]()) return;
    later();
    if (panel.key) save().then(() => (graphs.find(history.now, panel.key) ? panel.open(panel.key) : leave()));
  };

  press("undo", () => step("undo"));
  press("redo", () => step("redo"));
  press("remove", () => canvas.chosen && remove(canvas.chosen));
  press("tidy", () => {
    commit(graphs.tidy(history.now, canvas.heights()));
    canvas.fit();
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea, select, [contenteditable], dialog, [role=menu]")) return;
    const letter = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && (letter === "z" || letter === "y")) {
      event.preventDefault();
      step(letter === "y" || event.shiftKey ? "redo" : "undo");
    } else if (event.key === "Escape" && canvas.chosen) {
      const key = canvas.chosen;
      leave();
      canvas.items.get(key)?.querySelector(".journey-face").focus();
    }
  });
  // What is dragged out of the palette is put where it is let go: on a line or an out it comes in between.
  for (const button of root.querySelectorAll("[data-palette-kind]")) {
    let from = null;
    let ghost = null;
    button.addEventListener("click", () => { if (!ghost) place(button.dataset.paletteKind); });
    button.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      from = { x: event.clientX, y: event.clientY };
      button.setPointerCapture(event.pointerId);
    });
    button.addEventListener("pointermove", (event) => {
      if (!from) return;
      if (!ghost && Math.hypot(event.clientX - from.x, event.clientY - from.y) < 6) return;
      if (!ghost) {
        ghost = button.cloneNode(true);
        ghost.classList.add("journey-ghost");
        document.body.append(ghost);
      }
      Object.assign(ghost.style, { left: `${event.clientX}px`, top: `${event.clientY}px` });
    });
    const over = (event) => {
      from = null;
      if (!ghost) return;
      ghost.remove();
      setTimeout(() => { ghost = null; }, 0);
      const under = event.type === "pointerup" && canvas.under(event.clientX, event.clientY);
      if (!under) return;
      const key = under.from || under.box;
      const node = key && graphs.find(history.now, key);
      const out = node && (under.out || graphs.outs(node)[0]);
      const line = under.from && [...canvas.lines.children].find((each) => each.contains(document.elementFromPoint(event.clientX, event.clientY)));
      if (node && (line?.dataset.out || out)) added(graphs.insert(history.now, key, line?.dataset.out || out, blank(button.dataset.paletteKind), canvas.heights()));
      else place(button.dataset.paletteKind, canvas.at(event.clientX, event.clientY));
    };
    for (const kind of ["pointerup", "pointercancel"]) button.addEventListener(kind, over);
  }
  faults(told.faults);
  redraw();
  shown(canvas);
  window.steelyardJourneyEditor = { settled: () => panel.settle() };
  // Leads to another page: what was changed is saved first.
  for (const link of document.querySelectorAll("a[data-after-save]")) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      panel.settle().then(() => location.assign(link.href));
    });
  }
})();
