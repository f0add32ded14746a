// What happens in a live session, as it happens: one event stream for all tabs of this browser (HTTP/1.1 allows six connections).
// The tab that holds the lock has the stream and tells the others over a channel; when it goes, the next one takes the lock and
// goes on behind the last beat. `onBeats` gets beats in their order, none twice; `onGap` is called when some were missed;
// `offline` is shown while the line is down.
(() => {
  "use strict";
  const SILENCE_MS = 12000;
  const NOTICE_MS = 2500;
  const RETRY_MS = [500, 1000, 2000, 4000, 8000];

  window.steelyardFeed = ({ address, session, after, from = "desk", onBeats, onGap, offline = null, onLine = () => {} }) => {
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
    // A line that comes back at once is not worth a word.
    let down = 0;
    const line = (on) => {
      clearTimeout(down);
      if (offline && on) offline.hidden = true;
      else if (offline) down = setTimeout(() => { offline.hidden = false; }, NOTICE_MS);
      onLine(on);
    };
    const say = (on) => {
      line(on);
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
        // Some browsers give up on an answer that is no stream: begin anew, later and later, or when the house says.
        const pause = RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)];
        told().then((wait) => {
          if (wait) onGap(last); // What stands on the page is drawn anew meanwhile.
          setTimeout(open, Math.max(wait, pause) * (0.5 + Math.random()));
        });
      };
    };
    // An EventSource does not say why it was refused: whoever asks once without one hears when to come back (0: nobody said).
    const told = async () => {
      const asking = new AbortController();
      try {
        const answer = await fetch(`${address}?after=${last}&session=${session}&from=again`, { signal: asking.signal });
        return answer.status === 429 ? 2000 * Number(answer.headers.get("retry-after") || 0) : 0;
      } catch {
        return 0;
      } finally {
        asking.abort();
      }
    };
    if (channel) {
      channel.onmessage = ({ data }) => {
        if (data.beats) take(data.beats);
        if (data.line !== undefined) {
          heard = Date.now();
          line(data.line);
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
    // The browser knows sooner than a stream that nobody closed: a telephone that leaves its network hears nothing of it.
    window.addEventListener("offline", () => line(false));
    window.addEventListener("online", () => (source ? open() : line(true)));
    return {
      stop: () => source && source.close(),
      moveTo: (seq) => {
        last = Math.max(last, seq);
      },
    };
  };
})();
