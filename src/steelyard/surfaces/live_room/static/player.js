// The picture of a live stream: low-latency HLS by hls.js where the browser has MediaSource, the browser's own HLS where not.
// It begins muted, as browsers want it; it returns to the live edge after a gap, and by itself after the stream broke off.
(() => {
  "use strict";
  const BEHIND_SECONDS_MAX = 6;
  const AGAIN_MS = 1500;

  window.steelyardPlayer = (video, address, onState) => {
    let hls = null;
    let stopped = false;
    let timer = 0;
    const state = (name) => {
      video.dataset.state = name;
      if (onState) onState(name);
    };
    const again = () => {
      clearTimeout(timer);
      if (!stopped) timer = setTimeout(begin, AGAIN_MS);
    };
    const play = () => {
      const begun = video.play();
      // A play that a new beginning interrupts was not forbidden.
      if (begun) begun.catch((error) => { if (error.name === "NotAllowedError") state("blocked"); });
    };
    const toEdge = () => {
      const edge = hls && hls.liveSyncPosition;
      if (edge && edge - video.currentTime > BEHIND_SECONDS_MAX / 2) video.currentTime = edge;
      else if (!hls && video.seekable.length) video.currentTime = video.seekable.end(video.seekable.length - 1);
      play();
    };
    const begin = () => {
      if (hls) hls.destroy();
      hls = null;
      if (window.Hls && window.Hls.isSupported()) {
        hls = new window.Hls({
          lowLatencyMode: true,
          backBufferLength: 20,
          maxLiveSyncPlaybackRate: 1.15,
          manifestLoadPolicy: { default: { maxTimeToFirstByteMs: 5000, maxLoadTimeMs: 8000, timeoutRetry: null, errorRetry: null } },
        });
        hls.on(window.Hls.Events.MANIFEST_PARSED, play);
        // Who publishes is away for so long that the origin has closed the list: they may come back, as a list that begins anew.
        hls.on(window.Hls.Events.LEVEL_LOADED, (_, told) => {
          if (told.details.live) return;
          hls.stopLoad();
          state("waiting");
          again();
        });
        hls.on(window.Hls.Events.ERROR, (_, error) => {
          if (!error.fatal) return;
          if (error.type === window.Hls.ErrorTypes.MEDIA_ERROR) {
            hls.recoverMediaError();
            return;
          }
          state("waiting");
          again();
        });
        hls.loadSource(address);
        hls.attachMedia(video);
      } else if (video.canPlayType("application/vnd.apple.mpegurl")) {
        video.src = address;
        play();
      } else {
        state("unable");
      }
    };
    video.addEventListener("playing", () => state("playing"));
    for (const trouble of ["error", "ended"]) {
      video.addEventListener(trouble, () => {
        if (hls) return;
        state("waiting");
        again();
      });
    }
    // Frozen, or left behind: the picture goes on where the stream is now.
    let before = -1;
    setInterval(() => {
      if (stopped || document.hidden || video.paused || !video.dataset.state) return;
      const behind = hls ? hls.latency : 0;
      if (behind > BEHIND_SECONDS_MAX) toEdge();
      else if (video.currentTime === before && video.dataset.state === "playing") toEdge();
      before = video.currentTime;
    }, 2000);
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && !stopped && video.dataset.state === "playing") toEdge();
    });
    video.muted = true;
    begin();
    return {
      toEdge,
      play,
      again: begin,
      stop: () => {
        stopped = true;
        clearTimeout(timer);
        if (hls) hls.destroy();
        hls = null;
        video.pause();
      },
      latency: () => (hls ? hls.latency : null),
    };
  };
})();
