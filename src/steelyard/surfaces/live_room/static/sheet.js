// The sheet in which a viewer buys while the picture goes on: the shop's own pages in a frame. `second()` is which second of the
// picture is seen, null where it is none. Without this file the links are pages.
(() => {
  "use strict";
  const apps = /MicroMessenger|AlipayClient/.test(navigator.userAgent);
  const inside = /^\/(live\/[^/]+(\/replay\/[^/]+)?\/buy|checkout|purchases|sign-in|account\/addresses)(\/|\?|$)/;

  window.steelyardSheet = (root, second) => {
    const sheet = document.getElementById("live-sheet");
    const frame = sheet.querySelector("iframe");
    const title = document.getElementById("live-sheet-title");
    frame.addEventListener("load", () => {
      let within = null;
      try {
        within = frame.contentDocument;
      } catch {
        within = null;
      }
      if (!within || !within.body) return;
      title.textContent = (within.title || "").split(" · ")[0];
      sheet.classList.remove("is-loading");
      // What leads out of the sheet opens beside it.
      within.addEventListener("click", (event) => {
        const link = event.target.closest("a[href]");
        if (link && !link.target && !link.hash && !inside.test(link.pathname + link.search)) link.target = "_blank";
      }, true);
      within.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && !event.defaultPrevented) sheet.close();
      });
    });
    sheet.addEventListener("close", () => {
      frame.src = "about:blank";
      root.classList.remove("is-buying");
    });
    root.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-buy]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      const address = new URL(link.href);
      const seen = second();
      if (seen !== null) address.searchParams.set("second", String(seen));
      // Frames of ours are known by what browsers say over a safe connection only; apps that pay want the whole window.
      if (!window.isSecureContext || apps || !sheet.showModal) {
        link.href = address;
        return;
      }
      event.preventDefault();
      const bag = document.getElementById("live-bag");
      if (bag && bag.open) bag.close();
      sheet.classList.add("is-loading");
      title.textContent = link.dataset.buy;
      frame.src = address;
      sheet.showModal();
      root.classList.add("is-buying");
    });
  };
})();
