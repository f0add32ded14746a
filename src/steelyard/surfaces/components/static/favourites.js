// A heart answers at once; if the house does not agree, it goes back to what it was. Without this file it is a form.
(() => {
  "use strict";
  const names = { keep: "drop", drop: "keep", follow: "unfollow", unfollow: "follow" };
  const turn = (button, name, pressed) => {
    button.name = name;
    button.setAttribute("aria-pressed", String(pressed));
    const words = button.querySelector("span");
    if (button.dataset.on) words.textContent = pressed ? button.dataset.on : button.dataset.off;
  };
  // The same thing may be on the page twice: all its buttons turn together.
  const twins = (button) => [...document.querySelectorAll("[data-favourite]")].filter((each) => each.value === button.value);

  document.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (!button || !button.matches("[data-favourite]")) return;
    event.preventDefault();
    if (button.dataset.busy) return;
    const form = event.target;
    const body = new URLSearchParams(new FormData(form));
    body.set(button.name, button.value);
    const before = { name: button.name, pressed: button.getAttribute("aria-pressed") === "true" };
    for (const each of twins(button)) turn(each, names[before.name], !before.pressed);
    button.dataset.busy = "yes";
    let agreed = false;
    try {
      const answer = await fetch(form.getAttribute("action") || "", { method: "POST", body, headers: { accept: "application/json" }, redirect: "follow" });
      agreed = answer.ok;
    } catch {
      agreed = false;
    }
    delete button.dataset.busy;
    if (!agreed) {
      for (const each of twins(button)) turn(each, before.name, before.pressed);
      const live = document.getElementById("announcer");
      if (live) live.textContent = document.body.dataset.failed || "";
    }
  }, true);
})();
