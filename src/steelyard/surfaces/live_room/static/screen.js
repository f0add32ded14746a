// The big screen is drawn anew as things happen: by the event stream of the room, at most every second and a half.
(() => {
  "use strict";
  const desk = document.querySelector("[data-studio]");
  const { slug, session, seq } = desk.dataset;
  const byId = (id) => document.getElementById(id);
  const EVERY_MS = 1500;
  let wanted = false;
  let asking = false;
  let last = 0;
  const drawing = (part) => [...part.querySelectorAll("[data-chart] script")].map((each) => each.textContent).join("\n") + (part.querySelector("svg.timeline-bars") ? part.querySelector("svg.timeline-bars").innerHTML : "");
  const drawings = new Map([...document.querySelectorAll("[data-chart-part]")].map((part) => [part.id, drawing(part)]));
  const swap = (drawn) => {
    for (const part of drawn.querySelectorAll("[data-part]")) {
      const old = byId(part.id);
      if (!old || old.contains(document.activeElement)) continue;
      // A chart is drawn again only when what it shows has changed.
      if (part.hasAttribute("data-chart-part")) {
        const shows = drawing(part);
        if (drawings.get(part.id) === shows) continue;
        drawings.set(part.id, shows);
      }
      const open = [...old.querySelectorAll("details")].map((each) => each.open);
      const fresh = document.adoptNode(part);
      old.replaceWith(fresh);
      fresh.querySelectorAll("details").forEach((each, n) => { each.open = Boolean(open[n]); });
    }
    if (window.steelyardCharts) window.steelyardCharts(document);
  };
  const draw = async () => {
    if (asking) return;
    asking = true;
    while (wanted) {
      const pause = last + EVERY_MS - Date.now();
      if (pause > 0) await new Promise((done) => setTimeout(done, pause));
      wanted = false;
      last = Date.now();
      try {
        const answer = await fetch(location.pathname, { headers: { accept: "text/html" } });
        if (answer.ok) swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
      } catch {
        // away for a moment: the next beat asks again
      }
    }
    asking = false;
  };
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const count = (id, value) => {
    const shown = byId(id);
    if (shown && value !== undefined) shown.textContent = number.format(value);
  };
  const redraw = () => {
    wanted = true;
    draw();
  };
  window.steelyardFeed({
    address: `/live/${slug}/events`,
    session,
    after: Number(seq),
    onBeats: (beats) => {
      for (const beat of beats) {
        if (beat.kind === "viewers") count("screen-viewers", beat.body.viewers);
        if (beat.kind === "likes") count("screen-likes", beat.body.likes);
      }
      redraw();
    },
    onGap: redraw,
    offline: byId("studio-offline"),
  });
  // Clicks and carts are figures without a beat.
  setInterval(() => document.hidden || redraw(), 5000);
})();
