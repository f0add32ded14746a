// Where one is on the page is marked in its tabs.
(() => {
  "use strict";
  const tabs = document.querySelector("[data-sections]");
  if (!tabs || !window.IntersectionObserver) return;
  const links = [...tabs.querySelectorAll("a[href^='#']")];
  const places = links.map((link) => document.getElementById(link.hash.slice(1)));
  const mark = () => {
    const line = tabs.getBoundingClientRect().bottom + 24;
    let at = 0;
    places.forEach((place, n) => {
      if (place && place.getBoundingClientRect().top <= line) at = n;
    });
    if (scrollY + innerHeight >= document.documentElement.scrollHeight - 2) at = links.length - 1;
    links.forEach((link, n) => (n === at ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
    tabs.classList.toggle("is-stuck", tabs.getBoundingClientRect().top <= 0);
  };
  let waits = false;
  addEventListener("scroll", () => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      mark();
    });
  }, { passive: true });
  mark();
})();

// Pictures: thumbs move the strip, a click opens them full screen with zoom by click, wheel, keys and two fingers.
// Without this file the strip is swiped, and a picture opens by itself.
(() => {
  "use strict";
  const ZOOM_MAX = 4;
  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  // Which slide is seen is marked below it.
  const mark = (gallery, at) => {
    const links = [...gallery.querySelectorAll("[data-slide]")];
    links.forEach((link, place) => (place === at ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
    const count = gallery.querySelector(".gallery-count b");
    if (count) count.textContent = String(at + 1);
  };
  document.addEventListener("scroll", (event) => {
    const track = event.target;
    if (!track.classList || !track.classList.contains("gallery-track")) return;
    mark(track.closest(".gallery"), Math.round(track.scrollLeft / track.clientWidth));
  }, true);
  const slideTo = (track, at) => track.scrollTo({ left: at * track.clientWidth, behavior: calm() ? "instant" : "smooth" });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-slide]");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    slideTo(link.closest(".gallery").querySelector(".gallery-track"), Number(link.dataset.slide));
  });

  let box = null;
  const state = { links: [], at: 0, zoom: 1, x: 0, y: 0, opener: null };
  const picture = () => box.querySelector("img");
  const draw = () => {
    const image = picture();
    const room = { x: (image.offsetWidth * (state.zoom - 1)) / 2, y: (image.offsetHeight * (state.zoom - 1)) / 2 };
    state.x = Math.max(-room.x, Math.min(room.x, state.x));
    state.y = Math.max(-room.y, Math.min(room.y, state.y));
    image.style.setProperty("transform", `translate(${state.x}px, ${state.y}px) scale(${state.zoom})`);
    image.style.setProperty("cursor", state.zoom > 1 ? "grab" : "zoom-in");
  };
  const zoomTo = (zoom, x = 0, y = 0) => {
    const before = state.zoom;
    state.zoom = Math.max(1, Math.min(ZOOM_MAX, zoom));
    const rate = state.zoom / before;
    state.x = x - (x - state.x) * rate;
    state.y = y - (y - state.y) * rate;
    if (state.zoom === 1) state.x = state.y = 0;
    draw();
  };
  const fromCentre = (event) => ({ x: event.clientX - innerWidth / 2, y: event.clientY - innerHeight / 2 });
  const show = (at) => {
    state.at = (at + state.links.length) % state.links.length;
    Object.assign(state, { zoom: 1, x: 0, y: 0 });
    const link = state.links[state.at];
    const image = picture();
    image.src = link.href;
    image.alt = link.querySelector("img").alt;
    box.querySelector("[data-count]").textContent = `${state.at + 1} / ${state.links.length}`;
    draw();
  };

  const button = (text, label, act, extra = {}) => {
    const made = Object.assign(document.createElement("button"), { type: "button", textContent: text, title: label });
    made.setAttribute("aria-label", label);
    Object.assign(made.dataset, extra);
    made.addEventListener("click", act);
    return made;
  };
  const build = (words) => {
    box = document.createElement("dialog");
    box.className = "lightbox";
    box.setAttribute("aria-label", words.label);
    const stage = Object.assign(document.createElement("div"), { className: "lightbox-stage" });
    const image = document.createElement("img");
    image.draggable = false;
    stage.append(image);
    const bar = Object.assign(document.createElement("div"), { className: "lightbox-bar" });
    const count = document.createElement("span");
    count.dataset.count = "";
    count.setAttribute("role", "status");
    bar.append(count, button("−", words.zoomOut, () => zoomTo(state.zoom / 1.6)), button("+", words.zoomIn, () => zoomTo(state.zoom * 1.6)), button("×", words.close, () => box.close()));
    box.append(stage, bar);
    for (const [by, sign, label] of [[-1, "‹", words.previous], [1, "›", words.next]]) {
      const step = button(sign, label, () => show(state.at + by), { by: String(by) });
      step.className = "lightbox-step";
      box.append(step);
    }
    listen(stage, image);
    box.addEventListener("close", () => {
      if (state.opener && state.opener.isConnected) state.opener.focus({ preventScroll: true });
    });
    document.body.append(box);
  };

  const listen = (stage, image) => {
    const fingers = new Map();
    let start = null;
    let moved = false;
    const spread = () => {
      const [one, two] = [...fingers.values()];
      return Math.hypot(one.clientX - two.clientX, one.clientY - two.clientY);
    };
    stage.addEventListener("pointerdown", (event) => {
      fingers.set(event.pointerId, event);
      stage.setPointerCapture(event.pointerId);
      image.classList.add("is-held");
      moved = false;
      start = { x: event.clientX - state.x, y: event.clientY - state.y, from: event.clientX, zoom: state.zoom, spread: fingers.size === 2 ? spread() : 0 };
      if (fingers.size === 2) moved = true;
    });
    stage.addEventListener("pointermove", (event) => {
      if (!fingers.has(event.pointerId) || !start) return;
      fingers.set(event.pointerId, event);
      if (fingers.size === 2) {
        const [one, two] = [...fingers.values()];
        const middle = fromCentre({ clientX: (one.clientX + two.clientX) / 2, clientY: (one.clientY + two.clientY) / 2 });
        zoomTo((start.zoom * spread()) / (start.spread || 1), middle.x, middle.y);
      } else if (Math.abs(event.clientX - start.from) > 6 || moved) {
        moved = true;
        if (state.zoom > 1) {
          state.x = event.clientX - start.x;
          state.y = event.clientY - start.y;
          draw();
        }
      }
    });
    const release = (event) => {
      if (!fingers.delete(event.pointerId) || fingers.size) return;
      image.classList.remove("is-held");
      const by = event.clientX - start.from;
      if (event.type === "pointerup" && !moved) {
        const at = fromCentre(event);
        zoomTo(state.zoom > 1 ? 1 : 2.5, at.x, at.y);
      } else if (state.zoom === 1 && start.spread === 0 && Math.abs(by) > 48 && state.links.length > 1) {
        show(state.at + (by < 0 ? 1 : -1));
      }
    };
    stage.addEventListener("pointerup", release);
    stage.addEventListener("pointercancel", release);
    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      const at = fromCentre(event);
      zoomTo(state.zoom * (event.deltaY < 0 ? 1.25 : 0.8), at.x, at.y);
    }, { passive: false });
    box.addEventListener("keydown", (event) => {
      const act = { ArrowLeft: () => show(state.at - 1), ArrowRight: () => show(state.at + 1), "+": () => zoomTo(state.zoom * 1.6), "=": () => zoomTo(state.zoom * 1.6), "-": () => zoomTo(state.zoom / 1.6), 0: () => zoomTo(1) }[event.key];
      if (act) {
        event.preventDefault();
        act();
      }
    });
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-zoom]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const group = link.closest("[data-gallery]");
    event.preventDefault();
    if (!box) build(group.dataset);
    state.links = [...group.querySelectorAll("[data-zoom]")];
    state.opener = link;
    for (const step of box.querySelectorAll(".lightbox-step")) step.hidden = state.links.length < 2;
    box.showModal();
    show(state.links.indexOf(link));
  });
})();
