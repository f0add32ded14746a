// A viewer's room: the picture, what happens, and buying in a sheet over the picture. Everything here is also a link or a form.
(() => {
  "use strict";
  const room = document.querySelector("[data-live]");
  if (!room) return;
  const { slug, session, play, seq, second, began, parts, say } = room.dataset;
  const words = JSON.parse(say);
  const byId = (id) => document.getElementById(id);
  const video = room.querySelector("video");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const announce = (text) => {
    const live = byId("announcer");
    if (live) live.textContent = text;
  };

  // ---- the picture ----
  const trouble = byId("live-trouble");
  const sound = byId("live-sound");
  let player = null;
  const onPicture = (state) => {
    trouble.hidden = state === "playing";
    trouble.textContent = state === "playing" ? "" : words[state] || words.waiting;
    byId("live-play").hidden = state !== "blocked";
  };
  if (play && video && room.dataset.state === "on_air") {
    player = window.steelyardPlayer(video, play, onPicture);
    const hear = () => {
      video.muted = !video.muted;
      sound.setAttribute("aria-pressed", String(!video.muted));
      sound.querySelector("span").textContent = video.muted ? words.sound : words.mute;
      player.play();
    };
    sound.hidden = false;
    sound.addEventListener("click", hear);
    byId("live-play").addEventListener("click", () => player.play());
  }

  // ---- what happens ----
  const pause = byId("live-pause");
  const chat = byId("live-chat");
  const talk = window.steelyardChat({
    list: chat,
    pause,
    shop: words.shop,
    most: 200,
    onPause: (paused) => { pause.querySelector("span").textContent = paused ? words.resume : words.pause; },
  });
  // Whoever reads above is not pulled down; the button says that there is more.
  chat.addEventListener("scroll", () => { byId("live-newer").hidden = talk.low(); });
  byId("live-newer").addEventListener("click", talk.down);

  const number = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact" });
  const count = (id, value) => {
    const shown = byId(id);
    if (shown && value !== undefined) shown.textContent = number.format(value);
  };

  // What stands over the picture and in the bag is drawn by the server, once for all who see it: it is asked for when it changed.
  let wanted = 0;
  let asking = false;
  const draw = async () => {
    if (asking) return;
    asking = true;
    while (wanted) {
      const at = wanted;
      try {
        const answer = await fetch(`${parts}?at=${at}`, { headers: { accept: "text/html" } });
        if (!answer.ok) throw new Error(String(answer.status));
        swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
        if (wanted === at) wanted = 0;
      } catch {
        await new Promise((done) => setTimeout(done, 1500));
      }
    }
    asking = false;
  };
  const swap = (drawn) => {
    for (const part of drawn.querySelectorAll("[data-part]")) {
      const old = byId(part.id);
      if (!old) continue;
      const focused = document.activeElement && old.contains(document.activeElement) ? document.activeElement.id : "";
      const fresh = document.adoptNode(part);
      const before = old.dataset.about || "";
      old.replaceWith(fresh);
      if (window.htmx) window.htmx.process(fresh);
      if (focused && byId(focused)) byId(focused).focus({ preventScroll: true });
      const about = fresh.dataset.about || "";
      if (about && about !== before) {
        announce(about);
        if (!calm.matches) fresh.classList.add("is-new");
      }
    }
    const state = drawn.querySelector("[data-session-state]");
    if (state && state.dataset.sessionState !== room.dataset.state) location.reload();
    ticking();
  };
  const redraw = (at) => {
    const first = !wanted;
    wanted = Math.max(wanted, at);
    // Thousands are told in the same moment: they ask within a few tenths of a second.
    if (first) setTimeout(draw, Math.random() * 250);
  };

  const REDRAWN = new Set(["state", "note", "pin", "unpin", "shelf", "price", "stock", "coupon", "draw", "drawn", "sold"]);
  const happened = {
    chat: talk.hold,
    removed: (beat) => talk.remove(beat.body.seq),
    likes: (beat) => {
      count("live-likes", beat.body.likes);
      hearts(Math.min(beat.body.more || 1, 5));
    },
    viewers: (beat) => count("live-viewers", beat.body.viewers),
  };
  // Before it begins and after it has ended there is nothing to be told: the page looks now and then whether that has changed.
  if (room.dataset.state !== "on_air") setInterval(() => document.hidden || redraw(1), 15000);
  const feed = room.dataset.state !== "on_air" ? { stop: () => {} } : window.steelyardFeed({
    address: `/live/${slug}/events`,
    session,
    after: Number(seq),
    from: room.dataset.from,
    onBeats: (beats) => {
      for (const beat of beats) {
        if (happened[beat.kind]) happened[beat.kind](beat);
        if (REDRAWN.has(beat.kind)) redraw(beat.seq);
      }
      talk.flush();
    },
    onGap: (at) => redraw(at),
    offline: byId("live-offline"),
  });

  // ---- chat, like, coupons: sent without leaving the page ----
  const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRF-Token"];
  const post = (form, more = {}) => {
    const fields = new URLSearchParams(new FormData(form));
    for (const [name, value] of Object.entries(more)) fields.set(name, value);
    return fetch(form.action, { method: "POST", body: fields, headers: { "X-CSRF-Token": token(), accept: "application/json" } });
  };
  const problem = byId("live-problem");
  const refused = async (answer) => {
    let text = words.failed;
    try {
      const told = await answer.json();
      text = told.detail || told.title || text;
    } catch {
      // not in our words: the general ones stand
    }
    problem.textContent = text;
    problem.hidden = false;
    setTimeout(() => { problem.hidden = true; }, 5000);
  };
  room.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-act]");
    if (!form) return;
    event.preventDefault();
    event.stopPropagation();
    if (form.dataset.busy) return;
    form.dataset.busy = "yes";
    try {
      const answer = await post(form);
      if (answer.status === 401) location.href = `/sign-in?return_to=${encodeURIComponent(location.pathname)}`;
      else if (!answer.ok) await refused(answer);
      else acted(form, await answer.json().catch(() => ({})));
    } catch {
      problem.textContent = words.failed;
      problem.hidden = false;
    } finally {
      delete form.dataset.busy;
    }
  }, true);
  const acted = (form, told) => {
    problem.hidden = true;
    if (form.dataset.act === "chat") {
      form.reset();
      form.querySelector("input[name=message_id]").value = crypto.randomUUID();
    }
    const button = form.querySelector("button[data-done]");
    if (button) {
      button.querySelector("span").textContent = button.dataset.done;
      button.disabled = true;
    }
    if (told.said) announce(told.said);
  };

  // Likes are many: they are counted here and sent once a second.
  const like = byId("live-like");
  let mine = 0;
  let sending = 0;
  if (like) {
    like.addEventListener("click", (event) => {
      event.preventDefault();
      mine += 1;
      hearts(1);
      if (!sending) sending = setTimeout(() => {
        const all = mine;
        mine = 0;
        sending = 0;
        post(like.form, { likes: all }).catch(() => {});
      }, 1000);
    });
  }
  const sky = byId("live-hearts");
  const hearts = (many) => {
    if (calm.matches || document.hidden || sky.childElementCount > 12) return;
    for (let n = 0; n < many; n += 1) {
      const heart = byId("live-heart").content.firstElementChild.cloneNode(true);
      heart.classList.add(`heart-${1 + Math.floor(Math.random() * 4)}`);
      heart.addEventListener("animationend", () => heart.remove());
      sky.append(heart);
    }
  };

  // ---- countdowns, by the server's clock ----
  const ahead = Number(room.dataset.now) - Date.now();
  const two = (n) => String(n).padStart(2, "0");
  const ticking = () => {
    for (const clock of room.querySelectorAll("[data-until]")) {
      const left = Math.ceil((Number(clock.dataset.until) - Date.now() - ahead) / 1000);
      clock.textContent = left > 0 ? `${left >= 3600 ? `${Math.floor(left / 3600)}:` : ""}${two(Math.floor(left / 60) % 60)}:${two(left % 60)}` : clock.dataset.done;
    }
  };
  ticking();
  setInterval(ticking, 1000);

  // ---- sheets: the bag and buying, while the picture goes on ----
  const loaded = Date.now();
  window.steelyardSheet(room, () => (began ? Number(second) + Math.floor((Date.now() - loaded) / 1000) : null));

  byId("live-open-bag").addEventListener("click", (event) => {
    const bag = byId("live-bag");
    if (!bag.showModal || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    bag.showModal();
  });

  // ---- a small window of its own ----
  const mini = byId("live-mini");
  const pip = document.pictureInPictureEnabled && video && !video.disablePictureInPicture;
  if (mini && player) {
    mini.hidden = false;
    mini.addEventListener("click", async () => {
      if (pip) {
        try {
          if (document.pictureInPictureElement) await document.exitPictureInPicture();
          else await video.requestPictureInPicture();
          return;
        } catch {
          // not now: the corner of the next page does it
        }
      }
      location.href = "/";
    });
    // Whoever looks around in the shop takes the picture along, in the corner of each page.
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[href]");
      if (!link || link.origin !== location.origin || link.target || link.hash || link.pathname.startsWith("/live/")) return;
      if (!document.pictureInPictureElement) sessionStorage.setItem("steelyard-live-mini", slug);
    });
    sessionStorage.removeItem("steelyard-live-mini");
  }
  window.addEventListener("pagehide", () => feed.stop());
  // Out of the browser's memory of pages: what is shown is old.
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
})();
