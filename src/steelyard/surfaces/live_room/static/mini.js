// The small player in the corner of another page of ours.
(() => {
  "use strict";
  const corner = document.querySelector("[data-mini]");
  const video = corner.querySelector("video");
  if (corner.dataset.play) {
    const player = window.steelyardPlayer(video, corner.dataset.play, () => {});
    const words = JSON.parse(corner.dataset.say);
    const sound = document.getElementById("mini-sound");
    sound.hidden = false;
    sound.addEventListener("click", () => {
      video.muted = !video.muted;
      sound.setAttribute("aria-pressed", String(!video.muted));
      sound.title = video.muted ? words.sound : words.mute;
      sound.querySelector("span").textContent = sound.title;
      player.play();
    });
  }
  const close = document.getElementById("mini-close");
  if (window.parent !== window) {
    close.hidden = false;
    close.addEventListener("click", () => window.parent.postMessage({ steelyardMini: "close" }, location.origin));
  }
})();
