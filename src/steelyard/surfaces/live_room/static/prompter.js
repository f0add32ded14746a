// The script runs by itself, as fast as the host speaks. Space begins and stops it, the arrows change its speed.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const script = byId("prompter-script");
  const run = byId("prompter-run");
  const words = JSON.parse(document.querySelector("[data-studio]").dataset.say);
  byId("prompter-tools").hidden = false;
  let speed = 40; // pixels a second
  let running = false;
  let before = 0;
  let place = 0;
  const step = (now) => {
    if (!running) return;
    place += (speed * (now - before)) / 1000;
    before = now;
    script.scrollTop = place;
    requestAnimationFrame(step);
  };
  const toggle = () => {
    running = !running;
    run.setAttribute("aria-pressed", String(running));
    run.querySelector("span").textContent = running ? words.stop : words.run;
    before = performance.now();
    place = script.scrollTop;
    if (running) requestAnimationFrame(step);
  };
  const change = (by) => {
    speed = Math.min(200, Math.max(10, speed + by));
  };
  run.addEventListener("click", toggle);
  byId("prompter-slower").addEventListener("click", () => change(-10));
  byId("prompter-faster").addEventListener("click", () => change(10));
  const mirror = byId("prompter-mirror");
  mirror.addEventListener("click", () => {
    const on = script.classList.toggle("is-mirrored");
    mirror.setAttribute("aria-pressed", String(on));
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea, select, button, a")) return;
    if (event.key === " ") {
      event.preventDefault();
      toggle();
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      event.preventDefault();
      change(event.key === "ArrowDown" ? 10 : -10);
    }
  });
})();
