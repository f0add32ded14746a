// Draws every [data-chart] with ECharts, from the JSON that stands in it: in the page's colours, language and formats.
(() => {
  "use strict";
  const echarts = window.echarts;
  if (!echarts || window.steelyardCharts) return;
  const language = document.documentElement.lang || "en";
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const drawn = new Map();

  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const palette = () => [1, 2, 3, 4, 5, 6, 7, 8].map((number) => token(`--chart-${number}`));
  const alpha = (colour, share) => {
    const [red, green, blue] = [1, 3, 5].map((place) => parseInt(colour.slice(place, place + 2), 16));
    return `rgba(${red},${green},${blue},${share})`;
  };

  // Numbers as they are written in this language: whole in the bubble, short on an axis.
  const writer = (data, short) => {
    const options = { maximumFractionDigits: short ? 1 : 2 };
    if (data.unit === "money") {
      Object.assign(options, { style: "currency", currency: data.currency });
      if (short) options.minimumFractionDigits = 0;
      else delete options.maximumFractionDigits;
    }
    if (data.unit === "percent") Object.assign(options, { style: "percent", maximumFractionDigits: 1 });
    if (short && data.unit !== "percent") options.notation = "compact";
    const format = new Intl.NumberFormat(language, options);
    return (value) => (value === null || value === undefined || value === "-" ? "–" : format.format(value));
  };
  const dayWriter = (data, short) => {
    if (!data.dated) return (label) => label;
    const hours = String(data.labels[0]).includes("T");
    const options = hours
      ? { month: "numeric", day: "numeric", hour: "numeric", minute: "2-digit" }
      : short
        ? { month: "numeric", day: "numeric" }
        : { year: "numeric", month: "long", day: "numeric", weekday: "short" };
    const format = new Intl.DateTimeFormat(language, { ...options, timeZone: hours ? "Asia/Shanghai" : "UTC" });
    return (label) => {
      const moment = new Date(label);
      return Number.isNaN(moment.getTime()) ? label : format.format(moment);
    };
  };

  const look = () => ({
    ink: token("--ink"), soft: token("--ink-soft"), faint: token("--ink-faint"), line: token("--line"),
    surface: token("--surface"), colours: palette(), font: getComputedStyle(document.body).fontFamily,
  });
  const frame = (data, style) => ({
    animation: !still.matches,
    animationDuration: 350,
    color: style.colours,
    textStyle: { fontFamily: style.font, color: style.soft },
    aria: { enabled: false },
    // The bubble is drawn, not built of elements: the page's policy allows no styles in markup.
    tooltip: {
      renderMode: "richText",
      confine: true,
      backgroundColor: style.surface,
      borderColor: style.line,
      borderWidth: 1,
      padding: [8, 12],
      textStyle: { color: style.ink, fontFamily: style.font, fontSize: 12, lineHeight: 18 },
    },
  });
  const legend = (style, more) => ({
    type: "scroll", top: 0, left: 0, itemWidth: 14, itemHeight: 8, itemGap: 16, icon: "roundRect",
    textStyle: { color: style.soft, fontSize: 12 }, pageTextStyle: { color: style.soft },
    pageIconColor: style.soft, pageIconInactiveColor: style.line, ...more,
  });
  const axes = (data, style, across) => {
    const names = {
      type: "category", data: data.labels, boundaryGap: !across,
      axisLine: { lineStyle: { color: style.line } }, axisTick: { show: false },
      axisLabel: { color: style.faint, fontSize: 11, hideOverlap: true, formatter: dayWriter(data, true), margin: 10 },
    };
    const values = {
      type: "value", min: (range) => Math.min(0, range.min), splitNumber: 4,
      axisLabel: { color: style.faint, fontSize: 11, formatter: writer(data, true) },
      splitLine: { lineStyle: { color: style.line, type: [3, 4] } },
      minInterval: data.unit === "number" ? 1 : 0,
    };
    return { names, values };
  };
  const bubble = (data) => {
    const value = writer(data, false);
    const label = dayWriter(data, false);
    return (points) => {
      const list = Array.isArray(points) ? points : [points];
      const lines = list.map((point) => `${point.seriesName}  ${value(Array.isArray(point.value) ? point.value[2] : point.value)}`);
      return [label(list[0].axisValue ?? list[0].name), ...lines].join("\n");
    };
  };

  const lines = (data, style) => {
    const flat = data.kind === "line" || data.kind === "area";
    const { names, values } = axes(data, style, flat);
    // Long words read better lying beside their bars than leaning below them.
    const lying = !flat && !data.dated && data.labels.some((label) => label.length > 6) && data.labels.length > 4;
    const many = data.series.length > 1;
    let place = 0;
    const series = data.series.map((each) => {
      const colour = each.compared ? style.faint : style.colours[place++ % style.colours.length];
      if (flat) {
        return {
          name: each.name, type: "line", data: each.values, showSymbol: data.labels.length === 1, symbol: "circle",
          symbolSize: 6, connectNulls: false, z: each.compared ? 1 : 3, emphasis: { disabled: true },
          lineStyle: { width: each.compared ? 1.5 : 2, type: each.compared ? [5, 4] : "solid", color: colour },
          itemStyle: { color: colour },
          areaStyle: each.compared || data.kind === "line" ? undefined : {
            color: { type: "linear", x: 0, y: 0, x2: 0, y2: 1,
              colorStops: [{ offset: 0, color: alpha(colour, 0.22) }, { offset: 1, color: alpha(colour, 0.01) }] },
          },
        };
      }
      const stacked = data.kind === "stacked" && !each.compared;
      return {
        name: each.name, type: "bar", data: each.values, stack: stacked ? "all" : undefined, barMaxWidth: 36,
        barGap: "15%", barCategoryGap: "34%", emphasis: { disabled: true },
        itemStyle: each.compared
          ? { color: "transparent", borderColor: colour, borderType: [4, 3], borderWidth: 1, borderRadius: 3 }
          : { color: colour, borderRadius: stacked ? 0 : lying ? [0, 3, 3, 0] : [3, 3, 0, 0] },
      };
    });
    if (lying) Object.assign(names, { inverse: true, axisLabel: { ...names.axisLabel, width: 150, overflow: "truncate", hideOverlap: false } });
    const base = frame(data, style);
    return {
      ...base,
      grid: { left: 4, right: lying ? 28 : 12, top: many ? 36 : 12, bottom: 4, containLabel: true },
      legend: many ? legend(style) : undefined,
      tooltip: { ...base.tooltip, trigger: "axis", formatter: bubble(data),
        axisPointer: flat ? { type: "line", lineStyle: { color: style.faint, type: "solid" } } : { type: "shadow", shadowStyle: { color: alpha(style.soft, 0.08) } } },
      xAxis: lying ? values : names,
      yAxis: lying ? names : values,
      series,
    };
  };

  const round = (data, style, total, narrow) => {
    const value = writer(data, false);
    const values = data.series[0].values;
    const sum = values.reduce((all, each) => all + (each || 0), 0);
    const share = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
    const base = frame(data, style);
    return {
      ...base,
      tooltip: { ...base.tooltip, formatter: (point) => `${point.name}\n${value(point.value)}  ${share.format(point.value / sum)}` },
      legend: legend(style, { ...(narrow ? { left: "center", top: "auto", bottom: 0 } : { orient: "vertical", left: "52%", top: "middle" }), formatter: (name) => {
        const each = values[data.labels.indexOf(name)] || 0;
        return `${name.length > 14 ? `${name.slice(0, 13)}…` : name}  ${share.format(each / sum)}`;
      } }),
      title: { text: writer(data, true)(sum), subtext: total, left: narrow ? "49%" : "25%", top: narrow ? "32%" : "middle", textAlign: "center", itemGap: 2,
        textStyle: { color: style.ink, fontSize: 18, fontWeight: 600 }, subtextStyle: { color: style.faint, fontSize: 12 } },
      series: [{
        type: "pie", radius: narrow ? ["48%", "70%"] : ["56%", "82%"], center: narrow ? ["50%", "40%"] : ["26%", "50%"], label: { show: false }, emphasis: { scaleSize: 3 },
        itemStyle: { borderColor: style.surface, borderWidth: 2, borderRadius: 3 },
        data: data.labels.map((name, place) => ({ name, value: values[place] || 0 })),
      }],
    };
  };

  const funnel = (data, style) => {
    const value = writer(data, false);
    const values = data.series[0].values;
    const share = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
    const first = values[0] || 1;
    const base = frame(data, style);
    const told = (point) => `${point.name}  ${value(values[point.dataIndex])}  ${share.format((values[point.dataIndex] || 0) / first)}`;
    return {
      ...base,
      tooltip: { ...base.tooltip, formatter: told },
      series: [{
        type: "funnel", sort: "none", left: 0, right: "45%", top: 8, bottom: 8, minSize: "4%", gap: 3, funnelAlign: "center",
        label: { position: "right", color: style.ink, fontSize: 12, formatter: told },
        labelLine: { length: 12, lineStyle: { color: style.line } },
        itemStyle: { borderWidth: 0, borderRadius: 3 }, emphasis: { disabled: true },
        data: data.labels.map((name, place) => ({
          name, value: values[place] || 0, itemStyle: { color: alpha(style.colours[0], 1 - (0.62 * place) / Math.max(1, data.labels.length - 1)) },
        })),
      }],
    };
  };

  const heat = (data, style) => {
    const { names } = axes(data, style, false);
    const cells = data.series.flatMap((each, row) => each.values.map((value, column) => [column, row, value ?? "-"]));
    const highest = Math.max(...cells.map((cell) => Number(cell[2]) || 0), 0);
    const value = writer(data, false);
    const label = dayWriter(data, false);
    const base = frame(data, style);
    return {
      ...base,
      grid: { left: 4, right: 4, top: 4, bottom: 40, containLabel: true },
      tooltip: { ...base.tooltip, formatter: (point) =>
        `${data.series[point.value[1]].name} · ${label(data.labels[point.value[0]])}\n${value(point.value[2])}` },
      xAxis: { ...names, boundaryGap: true, splitArea: { show: false } },
      yAxis: { type: "category", inverse: true, data: data.series.map((each) => each.name), axisLine: { show: false },
        axisTick: { show: false }, axisLabel: { color: style.faint, fontSize: 11 } },
      visualMap: { min: 0, max: highest || 1, calculable: false, orient: "horizontal", left: "center", bottom: 0, itemWidth: 10,
        itemHeight: 120, textStyle: { color: style.faint, fontSize: 11 }, text: [writer(data, true)(highest), writer(data, true)(0)],
        inRange: { color: [alpha(style.colours[0], 0.06), style.colours[0]] } },
      series: [{ type: "heatmap", data: cells, itemStyle: { borderColor: style.surface, borderWidth: 2, borderRadius: 3 }, emphasis: { disabled: true } }],
    };
  };

  // Stops stand in columns by their step; the same stop has the same colour in all of them, and where nothing ever goes on is pale.
  const sankey = (data, style, narrow) => {
    const value = writer(data, false);
    const stops = new Map();
    const words = [];
    const going = new Set(data.links.map(([, from]) => from));
    const stop = (step, word) => {
      if (!words.includes(word)) words.push(word);
      const name = `${step} ${word}`;
      if (!stops.has(name)) {
        const colour = going.has(word) ? style.colours[words.indexOf(word) % style.colours.length] : style.faint;
        stops.set(name, { name, depth: step - 1, itemStyle: { color: colour, borderWidth: 0 } });
      }
      return name;
    };
    const word = (name) => name.slice(name.indexOf(" ") + 1);
    const bands = data.links.map(([step, from, to], place) => ({
      source: stop(step, from), target: stop(step + 1, to), value: data.series[0].values[place] || 0,
    }));
    const base = frame(data, style);
    return {
      ...base,
      tooltip: { ...base.tooltip, formatter: (point) => point.dataType === "edge"
        ? `${word(point.data.source)} → ${word(point.data.target)}\n${value(point.value)}`
        : `${word(point.name)}\n${value(point.value)}` },
      series: [{
        type: "sankey", left: 4, right: narrow ? 56 : 110, top: 8, bottom: 8, nodeWidth: narrow ? 8 : 14, nodeGap: narrow ? 6 : 10,
        nodeAlign: "left", draggable: false, layoutIterations: 24,
        label: { color: style.ink, fontSize: narrow ? 10 : 12, formatter: (point) => word(point.name), width: narrow ? 52 : 104, overflow: "truncate" },
        lineStyle: { color: "source", opacity: 0.28, curveness: 0.5 },
        emphasis: { focus: "adjacency", lineStyle: { opacity: 0.6 } },
        data: [...stops.values()], links: bands,
      }],
    };
  };

  const option = (element, data) => {
    const style = look();
    if (data.kind === "pie") return round(data, style, element.dataset.total, element.clientWidth < 420);
    if (data.kind === "funnel") return funnel(data, style);
    if (data.kind === "sankey") return sankey(data, style, element.clientWidth < 480);
    return data.kind === "heat" ? heat(data, style) : lines(data, style);
  };

  // What is read aloud beside the heading: each line's last and highest value. The table holds all of them.
  const described = (element, data) => {
    const value = writer(data, false);
    const label = dayWriter(data, false);
    const parts = data.series.slice(0, 6).map((each) => {
      const highest = Math.max(...each.values.map((one) => one ?? -Infinity));
      return `${each.name}: ${value(highest)} (${label(data.labels[each.values.indexOf(highest)])})`;
    });
    return [element.getAttribute("aria-label"), ...parts].join("; ");
  };

  const draw = (element) => {
    const data = JSON.parse(element.querySelector("script").textContent);
    element.setAttribute("aria-label", described(element, data));
    const chart = echarts.init(element, null, { renderer: "canvas" });
    chart.setOption(option(element, data));
    element.removeAttribute("aria-busy");
    drawn.set(element, { chart, data });
    watcher.observe(element);
  };
  const watcher = new ResizeObserver((entries) => {
    for (const entry of entries) drawn.get(entry.target)?.chart.resize();
  });
  const drawAll = (root) => {
    for (const [element, each] of drawn) {
      if (!element.isConnected) {
        each.chart.dispose();
        watcher.unobserve(element);
        drawn.delete(element);
      }
    }
    for (const element of root.querySelectorAll("[data-chart][aria-busy]")) draw(element);
  };
  const again = () => {
    for (const [element, each] of drawn) each.chart.setOption(option(element, each.data), { notMerge: true });
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  document.addEventListener("steelyard:theme", again);

  window.steelyardCharts = drawAll;
  drawAll(document);
})();
