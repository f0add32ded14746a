// The graph of a journey, and what can be done with it: no page, no drawing. Each change gives another graph; the one before
// stays as it was, so that it can be taken back.
(() => {
  "use strict";
  const GRID = 20;
  const WIDTH = 240;
  const HEIGHT = 100;
  const GAP_X = 60;
  const GAP_Y = 60;
  const KEY_CHARACTERS_MAX = 20;
  const snap = (value) => Math.round(value / GRID) * GRID;
  const copy = (graph) => structuredClone(graph);
  const find = (graph, key) => graph.nodes.find((each) => each.key === key);
  const outs = (node) => Object.keys(node.next);
  const kindOf = (node) => node.setup.kind;

  const freeKey = (graph, kind) => {
    for (let number = 1; ; number += 1) {
      const key = `${kind.replace(/[^a-z0-9]/g, "").slice(0, KEY_CHARACTERS_MAX - 4)}${number}`;
      if (!find(graph, key)) return key;
    }
  };

  // Who leads to a box: [key, out] each.
  const before = (graph, key) =>
    graph.nodes.flatMap((node) => outs(node).filter((out) => node.next[out] === key).map((out) => [node.key, out]));

  // From the trigger on, out by out; then what nothing leads to.
  const order = (graph) => {
    const seen = new Set();
    const walk = (key) => {
      const node = find(graph, key);
      if (!node || seen.has(key)) return;
      seen.add(key);
      for (const out of outs(node)) walk(node.next[out]);
    };
    for (const node of graph.nodes) if (kindOf(node) === "trigger") walk(node.key);
    for (const node of graph.nodes) walk(node.key);
    return [...seen].map((key) => find(graph, key));
  };

  const after = (graph, key, found = new Set()) => {
    const node = find(graph, key);
    if (!node || found.has(key)) return found;
    found.add(key);
    for (const out of outs(node)) after(graph, node.next[out], found);
    return found;
  };

  const covered = (graph, x, y, but) =>
    graph.nodes.some((each) => each.key !== but && Math.abs(each.x - x) < WIDTH + GRID && Math.abs(each.y - y) < HEIGHT + GRID);
  const free = (graph, x, y, but) => {
    let across = snap(x);
    const down = snap(y);
    while (covered(graph, across, down, but)) across += GRID;
    return [across, down];
  };

  const add = (graph, node, x, y) => {
    const next = copy(graph);
    const made = { ...structuredClone(node), key: freeKey(graph, kindOf(node)) };
    [made.x, made.y] = free(next, x, y);
    next.nodes.push(made);
    return [next, made.key];
  };

  // A new box at an out; what came after it comes after the new one, and moves down to make room.
  const insert = (graph, from, out, node, heights = {}) => {
    const next = copy(graph);
    const source = find(next, from);
    // Where something was not sent or given is beside the way on, which leads straight down.
    const names = outs(source).filter((each) => each !== "failed");
    const place = out === "failed" ? 1 : names.indexOf(out) - (names.length - 1) / 2;
    const was = source.next[out];
    const made = { ...structuredClone(node), key: freeKey(graph, kindOf(node)) };
    const below = snap(source.y + Math.max(HEIGHT, heights[from] || 0) + GAP_Y);
    const target = was && find(next, was);
    const loops = was && after(next, was).has(from);
    if (target && !loops) {
      const room = below + HEIGHT + GAP_Y - target.y;
      if (room > 0) for (const key of after(next, was)) find(next, key).y += snap(room);
    }
    const wanted = target && !loops ? target.x : source.x + place * (WIDTH + GAP_X);
    [made.x, made.y] = free(next, wanted, below);
    const [first] = outs(made);
    if (was && first) made.next[first] = was;
    source.next[out] = made.key;
    next.nodes.push(made);
    return [next, made.key];
  };

  const mayLead = (graph, from, to) => from !== to && find(graph, to) && kindOf(find(graph, to)) !== "trigger";
  const connect = (graph, from, out, to) => {
    if (to && !mayLead(graph, from, to)) return graph;
    const next = copy(graph);
    find(next, from).next[out] = to || null;
    return next;
  };

  const move = (graph, key, x, y) => {
    const next = copy(graph);
    Object.assign(find(next, key), { x: snap(x), y: snap(y) });
    return next;
  };

  // Boxes that have become taller than they were drawn, by their figures, make room: each stands below all that were above it in
  // its column and all that lead down to it.
  const spread = (graph, heights = {}) => {
    const next = copy(graph);
    const drawn = [...graph.nodes].sort((one, other) => one.y - other.y);
    drawn.forEach((node, place) => {
      const here = find(next, node.key);
      for (const above of drawn.slice(0, place)) {
        const leads = Object.values(above.next).includes(node.key);
        if (above.y === node.y || (!leads && Math.abs(above.x - node.x) >= WIDTH)) continue;
        here.y = Math.max(here.y, find(next, above.key).y + (heights[above.key] || HEIGHT) + GAP_Y);
      }
    });
    return next;
  };

  const replace = (graph, node) => {
    const next = copy(graph);
    next.nodes = next.nodes.map((each) => (each.key === node.key ? { ...node, x: each.x, y: each.y } : each));
    return next;
  };

  // Without a box: what led to it leads on to where its first out led.
  const remove = (graph, key) => {
    const gone = find(graph, key);
    if (!gone || kindOf(gone) === "trigger") return graph;
    const next = copy(graph);
    const [first] = outs(gone);
    const on = first && gone.next[first] !== key ? gone.next[first] : null;
    for (const [from, out] of before(next, key)) find(next, from).next[out] = on === from ? null : on;
    next.nodes = next.nodes.filter((each) => each.key !== key);
    return next;
  };

  // Put in rows: each box below all that lead to it, children beside each other below their parent.
  const tidy = (graph, heights = {}) => {
    const next = copy(graph);
    const all = order(next);
    const place = new Map(all.map((node, index) => [node.key, index]));
    const onPath = new Set();
    const back = new Set();
    const seen = new Set();
    const look = (node) => {
      seen.add(node.key);
      onPath.add(node.key);
      for (const out of outs(node)) {
        const to = find(next, node.next[out]);
        if (!to) continue;
        if (onPath.has(to.key)) back.add(`${node.key}:${out}`);
        else if (!seen.has(to.key)) look(to);
      }
      onPath.delete(node.key);
    };
    for (const node of all) if (!seen.has(node.key)) look(node);
    const ahead = (node) => outs(node).filter((out) => find(next, node.next[out]) && !back.has(`${node.key}:${out}`)).map((out) => find(next, node.next[out]));
    const row = new Map(all.map((node) => [node.key, 0]));
    for (let again = true, turns = 0; again && turns <= all.length; turns += 1) {
      again = false;
      for (const node of all) for (const to of ahead(node)) {
        if (row.get(to.key) > row.get(node.key)) continue;
        row.set(to.key, row.get(node.key) + 1);
        again = true;
      }
    }
    // The parent of a box is the lowest that leads to it, so that it stands right below one of them.
    const parent = new Map();
    for (const node of all) for (const to of ahead(node)) {
      const known = parent.get(to.key);
      if (known === undefined || row.get(known) < row.get(node.key)) parent.set(to.key, node.key);
    }
    const children = (node) => [...new Set(ahead(node))].filter((to) => parent.get(to.key) === node.key);
    const width = (node) => Math.max(1, children(node).reduce((sum, to) => sum + width(to), 0));
    const put = (node, left) => {
      const wide = width(node);
      node.x = snap((left + (wide - 1) / 2) * (WIDTH + GAP_X));
      let at = left;
      for (const to of children(node)) {
        put(to, at);
        at += width(to);
      }
      return wide;
    };
    let left = 0;
    for (const node of [...all].sort((one, other) => place.get(one.key) - place.get(other.key))) {
      if (!parent.has(node.key)) left += put(node, left);
    }
    // Where ways come together the box stands in their middle, if nothing is there.
    for (const node of all) {
      const above = before(next, node.key).filter(([from, out]) => !back.has(`${from}:${out}`)).map(([from]) => find(next, from));
      if (above.length < 2) continue;
      const middle = snap((Math.min(...above.map((each) => each.x)) + Math.max(...above.map((each) => each.x))) / 2);
      const shift = middle - node.x;
      const branch = [...after(next, node.key)].filter((key) => row.get(key) >= row.get(node.key));
      const others = next.nodes.filter((each) => !branch.includes(each.key));
      const fits = branch.every((key) => others.every((each) => row.get(each.key) !== row.get(key) || Math.abs(each.x - find(next, key).x - shift) >= WIDTH + GRID));
      if (fits) for (const key of branch) find(next, key).x += shift;
    }
    const tall = [];
    for (const node of all) tall[row.get(node.key)] = Math.max(tall[row.get(node.key)] || 0, heights[node.key] || HEIGHT);
    for (const node of all) {
      node.y = snap(tall.slice(0, row.get(node.key)).reduce((sum, height) => sum + height + GAP_Y, 0));
    }
    return next;
  };

  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  // What was, and what was taken back. Changes of one kind that follow each other quickly are one step.
  class History {
    constructor(graph) {
      this.now = graph;
      this.past = [];
      this.future = [];
      this.joined = "";
      this.at = 0;
    }

    push(graph, joins = "") {
      if (same(graph, this.now)) return false;
      const quick = joins && joins === this.joined && Date.now() - this.at < 1500;
      if (!quick) this.past.push(this.now);
      if (this.past.length > 200) this.past.shift();
      this.joined = joins;
      this.at = Date.now();
      this.now = graph;
      this.future = [];
      return true;
    }

    undo() {
      if (!this.past.length) return false;
      this.future.push(this.now);
      this.now = this.past.pop();
      this.joined = "";
      return true;
    }

    redo() {
      if (!this.future.length) return false;
      this.past.push(this.now);
      this.now = this.future.pop();
      this.joined = "";
      return true;
    }
  }

  window.steelyardJourney = {
    GRID, WIDTH, HEIGHT, History, add, after, before, connect, find, insert, kindOf, mayLead, move, order, outs, remove, replace, same, snap, spread, tidy,
  };
})();
