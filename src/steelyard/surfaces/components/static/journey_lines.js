// How a line runs from the out of a box to the head of another: along the grid, round the boxes that stand between.
(() => {
  "use strict";
  const RADIUS = 10;
  const LEAVE = 26;
  // Lines that leave one box do not run on top of each other.
  const LANE = 7;
  const MARGIN = 8;
  const CORNER_COST = 0.01;
  const LONG_COST = 0.00001;

  const crosses = (one, other, box) => {
    const [left, right] = [Math.min(one.x, other.x), Math.max(one.x, other.x)];
    const [top, bottom] = [Math.min(one.y, other.y), Math.max(one.y, other.y)];
    return left < box.x + box.width + MARGIN && right > box.x - MARGIN && top < box.y + box.height + MARGIN && bottom > box.y - MARGIN;
  };

  const cost = (points, boxes) => {
    let sum = points.length * CORNER_COST;
    for (let index = 1; index < points.length; index += 1) {
      const [one, other] = [points[index - 1], points[index]];
      sum += (Math.abs(one.x - other.x) + Math.abs(one.y - other.y)) * LONG_COST;
      for (const box of boxes) if (crosses(one, other, box)) sum += 1;
    }
    return sum;
  };

  // The points of the best of a few ways: turning near the target, near the source, or round one of the sides.
  const way = (from, to, boxes, joined, lane) => {
    const near = [];
    if (Math.abs(from.x - to.x) < 2 && to.y > from.y && to.y - from.y < LEAVE * 2) return [from, to];
    const leave = from.y + LEAVE - 6 + lane * LANE;
    const arrive = to.y - LEAVE;
    if (arrive >= leave - LEAVE) {
      if (Math.abs(from.x - to.x) < 2) near.push([from, to]);
      const turns = joined ? [arrive, leave] : [Math.min(leave, arrive), arrive];
      for (const y of turns) near.push([from, { x: from.x, y }, { x: to.x, y }, to]);
    }
    // Where boxes stand close to each other, halfway.
    if (to.y > from.y) near.push([from, { x: from.x, y: (from.y + to.y) / 2 }, { x: to.x, y: (from.y + to.y) / 2 }, to]);
    const lefts = boxes.map((box) => box.x);
    const rights = boxes.map((box) => box.x + box.width);
    const between = boxes.filter((box) => box.y + box.height > Math.min(leave, arrive) && box.y < Math.max(leave, arrive));
    const sides = [Math.min(...lefts, from.x, to.x) - 40, Math.max(...rights, from.x, to.x) + 40];
    for (const box of between) sides.push(box.x - 30, box.x + box.width + 30);
    for (const x of sides) near.push([from, { x: from.x, y: leave }, { x, y: leave }, { x, y: arrive }, { x: to.x, y: arrive }, to]);
    let best = null;
    let least = Infinity;
    for (const points of near) {
      // The ends stand at their own boxes, which is no crossing.
      const inner = points.map((point, index) => (index === 0 ? { x: point.x, y: point.y + MARGIN + 1 } : index === points.length - 1 ? { x: point.x, y: point.y - MARGIN - 1 } : point));
      const price = cost(inner, boxes);
      if (price < least) [best, least] = [points, price];
    }
    return best;
  };

  // With round corners.
  const path = (points) => {
    let drawn = `M ${points[0].x} ${points[0].y}`;
    for (let index = 1; index < points.length - 1; index += 1) {
      const [one, here, next] = [points[index - 1], points[index], points[index + 1]];
      const length = (a, b) => Math.abs(a.x - b.x) + Math.abs(a.y - b.y);
      const round = Math.min(RADIUS, length(one, here) / 2, length(here, next) / 2);
      const towards = (to) => ({ x: here.x + Math.sign(to.x - here.x) * round, y: here.y + Math.sign(to.y - here.y) * round });
      const [start, end] = [towards(one), towards(next)];
      drawn += ` L ${start.x} ${start.y} Q ${here.x} ${here.y} ${end.x} ${end.y}`;
    }
    const last = points[points.length - 1];
    return `${drawn} L ${last.x} ${last.y}`;
  };

  window.steelyardJourneyLines = { way, path };
})();
