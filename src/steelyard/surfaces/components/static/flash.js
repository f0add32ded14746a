// Countdowns by the server's clock: the browser's is asked how far it is off. Without this file the hour stands there.
(() => {
  "use strict";
  let ahead = 0;
  const two = (n) => String(n).padStart(2, "0");
  const show = (clock) => {
    const left = Math.ceil((Date.parse(clock.dataset.countdown) - Date.now() - ahead) / 1000);
    const timer = clock.querySelector("b");
    if (!timer) return;
    timer.textContent = left > 0 ? `${two(Math.floor(left / 3600))}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}` : clock.dataset.done;
  };
  const all = () => document.querySelectorAll("[data-countdown]").forEach(show);
  const ask = async () => {
    const clock = document.querySelector("[data-clock]");
    if (!clock) return;
    try {
      const sent = Date.now();
      const answer = await fetch(clock.dataset.clock, { cache: "no-store" });
      if (!answer.ok) return;
      const { now } = await answer.json();
      const back = Date.now();
      ahead = now + (back - sent) / 2 - back;
    } catch {
      return; // away for a moment: the browser's own clock goes on
    }
    all();
  };
  all();
  ask();
  setInterval(all, 1000);
  document.addEventListener("visibilitychange", () => document.hidden || ask());
})();
