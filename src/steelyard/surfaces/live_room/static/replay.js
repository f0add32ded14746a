// A replay: the recording by hls.js or the browser's own HLS, chapters that are jumped to, the chat of the time. Without this file
// chapters are links, and the chat is that of where a link leads.
(() => {
  "use strict";
  const CHAT_LINES = 60;
  const replay = document.querySelector("[data-replay]");
  if (!replay) return;
  const { play, second, chat: address, say } = replay.dataset;
  const words = JSON.parse(say);
  const byId = (id) => document.getElementById(id);
  const video = byId("replay-video");
  const trouble = byId("replay-trouble");
  const links = [...replay.querySelectorAll("a[data-jump]")];

  // ---- the picture ----
  let playable = Boolean(play);
  const fails = (word) => {
    playable = false;
    trouble.textContent = words[word];
    for (const id of ["replay-before", "replay-after"]) if (byId(id)) byId(id).hidden = true;
  };
  if (play) {
    if (window.Hls && window.Hls.isSupported()) {
      const hls = new window.Hls({ startPosition: Number(second), backBufferLength: 60 });
      let mended = 0;
      hls.on(window.Hls.Events.ERROR, (_, error) => {
        if (!error.fatal) return;
        mended += 1;
        if (error.type === window.Hls.ErrorTypes.MEDIA_ERROR && mended < 4) hls.recoverMediaError();
        else {
          hls.destroy();
          fails("failed");
        }
      });
      hls.loadSource(play);
      hls.attachMedia(video);
      window.addEventListener("pagehide", () => hls.destroy());
    } else if (video.canPlayType("application/vnd.apple.mpegurl")) {
      video.addEventListener("error", () => fails("failed"));
    } else {
      fails("unable");
    }
  }
  // Out of the browser's memory of pages the player is gone.
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());

  // ---- chapters ----
  let shown = links.findIndex((link) => link.getAttribute("aria-current"));
  const mark = (place) => {
    if (place === shown) return;
    shown = place;
    links.forEach((link, at) => {
      link.closest("li").classList.toggle("is-now", at === place);
      if (at === place) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
    if (place < 0) return;
    const copy = byId("replay-copy");
    const share = byId("replay-share");
    copy.dataset.copy = links[place].href;
    share.dataset.share = links[place].href;
    share.dataset.title = links[place].dataset.title;
  };
  const at = (now) => links.reduce((found, link, place) => (Number(link.dataset.jump) <= now + 0.5 ? place : found), -1);
  const jump = (place) => {
    const link = links[place];
    if (!link) return;
    video.currentTime = Number(link.dataset.jump);
    const begun = video.play();
    if (begun) begun.catch(() => {});
    video.scrollIntoView({ block: "nearest" });
    history.replaceState(null, "", link.href);
    mark(place);
    talk();
  };
  replay.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-jump]");
    if (!link || !playable || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    jump(links.indexOf(link));
  });
  for (const [id, step] of [["replay-before", -1], ["replay-after", 1]]) {
    const button = byId(id);
    if (!button) continue;
    button.hidden = !playable;
    button.addEventListener("click", () => jump(Math.min(Math.max(at(video.currentTime) + step, 0), links.length - 1)));
  }

  // ---- the chat of the time ----
  const chat = byId("replay-chat");
  const minutes = new Map();
  const SECONDS = 60;
  const minute = (number) => {
    if (!minutes.has(number)) {
      const asked = fetch(`${address}?from=${number * SECONDS}`, { headers: { accept: "application/json" } })
        .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)))
        .then((told) => told.lines)
        .catch(() => {
          minutes.delete(number);
          return [];
        });
      minutes.set(number, asked);
    }
    return minutes.get(number);
  };
  const line = (said) => {
    const row = document.createElement("div");
    row.dataset.seq = said.seq;
    if (said.shop) {
      const role = document.createElement("span");
      role.className = "live-role";
      role.textContent = words.shop;
      row.append(role, " ");
    }
    const who = document.createElement("b");
    who.textContent = said.name;
    const text = document.createElement("span");
    text.textContent = said.text;
    row.append(who, " ", text);
    return row;
  };
  let written = "";
  const talk = async () => {
    const now = video.currentTime;
    const number = Math.floor(now / SECONDS);
    const told = [...(number > 0 ? await minute(number - 1) : []), ...(await minute(number))];
    const lines = told.filter((said) => said.second <= now + 0.5).slice(-CHAT_LINES);
    const key = `${lines.length && lines[0].seq}-${lines.length && lines[lines.length - 1].seq}`;
    if (key === written || Math.abs(video.currentTime - now) > SECONDS) return;
    written = key;
    const low = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 60;
    chat.replaceChildren(...lines.map(line));
    if (low) chat.scrollTop = chat.scrollHeight;
  };
  let last = -1;
  video.addEventListener("timeupdate", () => {
    mark(at(video.currentTime));
    const now = Math.floor(video.currentTime);
    if (now !== last && !(video.paused && now === 0)) talk();
    last = now;
  });

  window.steelyardSheet(replay, () => Math.floor(video.currentTime || Number(second)));
})();
