// Whoever leaves a live room to look around takes its picture along, in the corner of each page. Without this file the room is a
// page like any other.
(() => {
  "use strict";
  const KEY = "steelyard-live-mini";
  let slug = null;
  try {
    slug = sessionStorage.getItem(KEY);
  } catch {
    return; // this browser keeps nothing
  }
  const shop = document.querySelector(".shop-main");
  if (!slug || !shop || window.parent !== window || !/^[a-z0-9-]+$/.test(slug)) return;
  const frame = document.createElement("iframe");
  frame.className = "live-corner-frame";
  frame.title = shop.dataset.corner || "";
  frame.src = `/live/${slug}/mini`;
  frame.allow = "autoplay; picture-in-picture";
  document.body.append(frame);
  window.addEventListener("message", (event) => {
    if (event.origin !== location.origin || !event.data || event.data.steelyardMini !== "close") return;
    sessionStorage.removeItem(KEY);
    frame.remove();
  });
})();
