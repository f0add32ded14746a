// What happens in a live session, as it happens: one event stream for all tabs of this browser (HTTP/1.1 allows six connections).
// The tab that holds the lock has the stream and tells the others over a channel; when it goes, the next one takes the lock and
// goes on behind the last beat. `onBeats` gets beats in their order, none twice; `onGap` is called when some were missed.
(() => {
  "use strict";
  const SILENCE_MS = 12000;
  const RETRY_MS = [500, 1000, 2000, 4000, 8000];

  window.steelyardFeed = ({ address, session, after, from = "desk", onBeats, onGap, onLine }) => {
    let last = after;
    let heard = Date.now();
    let source = null;
    let tries = 0;
    let opened = false;
    const name = `steelyard-live-${session}`;
    const channel = window.BroadcastChannel ? new BroadcastChannel(name) : null;

    const take = (beats) => {
      heard = Date.now();
      const fresh = beats.filter((beat) => beat.seq > last);
      if (!fresh.length) return;
      if (fresh[0].seq > last + 1) onGap(fresh[fresh.length - 1].seq);
      last = fresh[fresh.length - 1].seq;
      onBeats(fresh);
    };
    const say = (on) => {
      onLine(on);
      if (channel) channel.postMessage({ line: on });
    };
    const open = () => {
      if (source) source.close();
      source = new EventSource(`${address}?after=${last}&session=${session}&from=${opened ? "again" : from}`);
      opened = true;
      source.onopen = () => {
        tries = 0;
        say(true);
      };
      source.onmessage = (event) => {
        const beats = JSON.parse(event.data);
        take(beats);
        if (channel) channel.postMessage({ beats });
      };
      source.addEventListener("reset", (event) => {
        // Too much was missed: what is on the page is drawn anew.
        last = Math.max(last, Number(event.lastEventId) || last);
        onGap(last);
      });
      source.onerror = () => {
        say(false);
        if (source.readyState !== EventSource.CLOSED) return;
        // Some browsers give up on an answer that is no stream: begin anew, later and later.
        setTimeout(open, RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)] * (0.5 + Math.random()));
      };
    };
    if (channel) {
      channel.onmessage = ({ data }) => {
        if (data.beats) take(data.beats);
        if (data.line !== undefined) {
          heard = Date.now();
          onLine(data.line);
        }
        if (data.ping && source && source.readyState === EventSource.OPEN) channel.postMessage({ line: true });
      };
    }
    if (channel && navigator.locks) {
      navigator.locks.request(name, () => {
        open();
        return new Promise(() => {}); // held as long as this page lives
      });
      // A tab that holds the lock may be asleep: whoever is looked at and hears nothing opens a stream of their own.
      setInterval(() => {
        if (document.hidden || source) return;
        if (Date.now() - heard > SILENCE_MS) open();
        else channel.postMessage({ ping: true });
      }, SILENCE_MS / 3);
    } else {
      open();
    }
    return {
      stop: () => source && source.close(),
      moveTo: (seq) => {
        last = Math.max(last, seq);
      },
    };
  };
})();
