// The control desk: acts without leaving the page, sees at once what another desk of the same session does, and has keys for what
// must be quick. Without this file each button is a form that comes back here.
(() => {
  "use strict";
  const desk = document.querySelector("[data-studio]");
  const { slug, session, play, seq, say, began } = desk.dataset;
  const words = JSON.parse(say);
  const byId = (id) => document.getElementById(id);
  const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRF-Token"];

  if (play && byId("desk-video")) {
    const trouble = byId("desk-trouble");
    window.steelyardPlayer(byId("desk-video"), play, (state) => {
      trouble.textContent = state === "playing" ? "" : words[state] || "";
      trouble.hidden = state === "playing";
    });
  }

  // ---- what happens, at this desk or another ----
  let wanted = false;
  let asking = false;
  const draw = async () => {
    if (asking) return;
    asking = true;
    while (wanted) {
      wanted = false;
      try {
        const answer = await fetch(location.pathname, { headers: { accept: "text/html" } });
        if (answer.ok) swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
      } catch {
        wanted = true;
        await new Promise((done) => setTimeout(done, 1500));
      }
    }
    asking = false;
  };
  const swap = (drawn) => {
    for (const part of drawn.querySelectorAll("[data-part]")) {
      const old = byId(part.id);
      const at = document.activeElement;
      if (!old) continue;
      // What somebody types is not taken from under their hands.
      if (old.contains(at) && at.matches("input, textarea, select")) {
        later();
        continue;
      }
      const focused = old.contains(at) ? at.id : "";
      const open = [...old.querySelectorAll("details")].map((each) => each.open);
      const fresh = document.adoptNode(part);
      old.replaceWith(fresh);
      fresh.querySelectorAll("details").forEach((each, n) => { each.open = Boolean(open[n]); });
      if (focused && byId(focused)) byId(focused).focus({ preventScroll: true });
    }
    ticking();
  };
  const redraw = () => {
    wanted = true;
    draw();
  };
  let waits = 0;
  const later = () => {
    clearTimeout(waits);
    waits = setTimeout(redraw, 3000);
  };

  const acts = byId("desk-line-acts");
  const talk = byId("desk-chat") && window.steelyardChat({
    list: byId("desk-chat"),
    pause: byId("desk-pause"),
    shop: words.shop,
    most: 300,
    place: (line, said, beat) => {
      const span = document.createElement("span");
      span.append(said);
      line.append(span);
      if (!acts) return;
      const buttons = acts.content.firstElementChild.cloneNode(true);
      for (const each of buttons.querySelectorAll("[name=seq]")) each.value = beat.seq;
      // The shop does not mute itself.
      if (beat.body.shop) for (const each of buttons.querySelectorAll("form:not(:last-child)")) each.remove();
      line.append(buttons);
    },
  });
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const count = (id, value) => {
    const shown = byId(id);
    if (shown && value !== undefined) shown.textContent = number.format(value);
  };
  const DRAWN = new Set(["state", "note", "pin", "unpin", "shelf", "price", "stock", "coupon", "draw", "drawn", "question", "muted", "sold"]);
  let away = false;
  window.steelyardFeed({
    address: `/live/${slug}/events`,
    session,
    after: Number(seq),
    onBeats: (beats) => {
      for (const beat of beats) {
        if (beat.kind === "chat" && talk) talk.hold(beat);
        if (beat.kind === "removed" && talk) talk.remove(beat.body.seq);
        if (beat.kind === "viewers") count("desk-viewers", beat.body.viewers);
        if (beat.kind === "likes") count("desk-likes", beat.body.likes);
      }
      if (beats.some((beat) => DRAWN.has(beat.kind))) redraw();
      if (talk) talk.flush();
    },
    onGap: redraw,
    offline: byId("studio-offline"),
    onLine: (on) => {
      if (on && away) tell("");
      away = !on;
    },
  });

  // ---- acts ----
  const problem = byId("desk-problem");
  const tell = (text) => {
    if (!problem) return;
    problem.textContent = text;
    problem.hidden = !text;
  };
  desk.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-desk]");
    if (!form) return;
    event.preventDefault();
    event.stopPropagation();
    if (form.dataset.busy) return;
    form.dataset.busy = "yes";
    try {
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "X-CSRF-Token": token(), accept: "application/json" } });
      const told = await answer.json().catch(() => ({}));
      tell(answer.ok ? "" : told.detail || document.body.dataset.failed);
      if (answer.ok && form.dataset.desk === "chat") {
        form.reset();
        form.elements.message_id.value = crypto.randomUUID();
      } else if (answer.ok && document.activeElement && form.contains(document.activeElement) && document.activeElement.matches("input")) {
        document.activeElement.blur();
      }
      redraw();
    } catch {
      tell(document.body.dataset.failed);
    } finally {
      delete form.dataset.busy;
    }
  }, true);

  // ---- clocks ----
  const ahead = Number(desk.dataset.now) - Date.now();
  const two = (n) => String(n).padStart(2, "0");
  const ticking = () => {
    const time = Date.now() + ahead;
    for (const clock of desk.querySelectorAll("[data-until]")) {
      const left = Math.ceil((Number(clock.dataset.until) - time) / 1000);
      clock.textContent = left > 0 ? `${two(Math.floor(left / 60))}:${two(left % 60)}` : clock.dataset.done;
    }
    if (!began) return;
    const second = Math.max(0, Math.floor((time - Number(began)) / 1000));
    const clock = desk.querySelector("[data-since]");
    if (clock && clock.textContent) clock.textContent = `${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}`;
    for (const row of desk.querySelectorAll("[data-from]")) {
      const now = Number(row.dataset.from) <= second / 60 && second / 60 < Number(row.dataset.to);
      row.classList.toggle("is-now", now);
      if (now) row.setAttribute("aria-current", "step");
      else row.removeAttribute("aria-current");
    }
  };
  ticking();
  setInterval(ticking, 1000);

  // ---- keys ----
  const keys = byId("desk-keys");
  const opener = desk.querySelector("[data-dialog-open-keys]");
  if (opener && keys && keys.showModal) {
    opener.hidden = false;
    opener.addEventListener("click", () => keys.showModal());
  }
  const go = (id) => {
    const there = byId(id);
    if (there) there.focus();
  };
  const press = (id) => {
    const there = byId(id);
    if (there) there.click();
  };
  const pressed = { n: () => go("desk-note"), c: () => go("desk-text"), k: () => press("desk-drop"), d: () => press("desk-draw"), p: () => press("desk-pause"), "?": () => keys && keys.showModal() };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
    if (/^[1-9]$/.test(event.key)) {
      const button = desk.querySelector(`[data-key="${event.key}"]`);
      if (button) button.click();
    } else if (event.key === "0") {
      const button = desk.querySelector(".desk-good.is-now [id^='pin-']");
      if (button) button.click();
    } else if (pressed[event.key.toLowerCase()]) {
      event.preventDefault();
      pressed[event.key.toLowerCase()]();
    }
  });
})();
