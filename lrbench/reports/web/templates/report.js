"use strict";
// The tables that can be sorted, and the figures. All text comes from JSON and is set as text.
(() => {
  const DASHES = [[], [9, 3], [7, 3, 2, 3], [3, 3]];
  const COLOURS = 8;
  const dashOf = (i) => DASHES[(i + Math.floor(i / COLOURS)) % DASHES.length];
  const root = document.documentElement;
  root.classList.add("scripted");

  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const positive = (v) => (v !== null && v > 0 ? v : null);

  function short(v) {
    if (v === null || v === undefined) return "–";
    if (v === 0) return "0";
    const size = Math.abs(v);
    if (size >= 1e-2 && size < 1e5) return String(Number(v.toPrecision(3)));
    return v.toExponential(2).replace(/([+-])(\d)$/, "$10$2");
  }

  // ---------------------------------------------------------------- tables

  function sorted(table, column, descending) {
    const body = table.tBodies[0];
    const key = (row) => {
      const text = row.cells[column].dataset.key;
      return text === "" ? null : Number.isNaN(Number(text)) ? text : Number(text);
    };
    const rows = [...body.rows].map((row, at) => ({ row, at, key: key(row) }));
    rows.sort((a, b) => {
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.at - b.at;
      const both = typeof a.key === "number" && typeof b.key === "number";
      const order = both ? Math.sign(a.key - b.key) || 0 : String(a.key).localeCompare(String(b.key));
      return (descending ? -order : order) || a.at - b.at;
    });
    body.append(...rows.map((entry) => entry.row));
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      head.firstElementChild.addEventListener("click", () => {
        const descending = head.getAttribute("aria-sort") === "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        sorted(table, column, descending);
      });
    });
  }

  // ---------------------------------------------------------------- figures

  const isPower = (v) => Math.abs(Math.log10(v) - Math.round(Math.log10(v))) < 1e-9;
  const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

  function power(v) {
    const exponent = Math.round(Math.log10(v));
    if (exponent >= 0 && exponent <= 3) return String(10 ** exponent);
    const digits = [...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[digit]).join("");
    return `10${exponent < 0 ? "⁻" : ""}${digits}`;
  }

  // Ticks at powers of ten; where these are few at 1, 2 and 5 times them, or evenly.
  function logSplits(low, high, most) {
    const [a, b] = [Math.log10(low), Math.log10(high)];
    const decades = [];
    for (let d = Math.ceil(a - 1e-9); d <= b + 1e-9; d += 1) decades.push(d);
    const stride = Math.max(Math.ceil(decades.length / most), 1);
    const powers = decades.filter((d) => d % stride === 0).map((d) => 10 ** d);
    if (powers.length >= 3) return powers;
    const between = [];
    for (let d = Math.floor(a); d <= b; d += 1) for (const m of [1, 2, 5]) between.push(m * 10 ** d);
    const inside = between.filter((v) => v >= low && v <= high);
    if (inside.length >= 2) return inside;
    return [0, 1, 2, 3].map((k) => Number((low * (high / low) ** ((k + 0.5) / 4)).toPrecision(3)));
  }

  function wide(low, high, log) {
    if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high)) return [1, 10];
    if (!log) return low === high ? [low - 1, high + 1] : [low, high];
    const spare = Math.max((high / low) ** 0.04, 1.15);
    return [low / spare, high * spare];
  }

  const labels = (u, splits) => splits.map(splits.every(isPower) ? power : (v) => String(Number(v.toPrecision(3))));

  // Marks at the top edge: what diverged, what is above the axis, and what never arrived.
  const EDGE = { lost: "× at the top: diverged", above: "↑ at the top: above the axis", never: "ˆ at the top: never at the target" };

  function edgeMarks(u, marks, n) {
    const ctx = u.ctx;
    const ratio = devicePixelRatio;
    const r = 3 * ratio;
    ctx.setLineDash([]);
    ctx.lineWidth = 1.5 * ratio;
    for (const mark of marks) {
      const x = u.valToPos(mark.x, "x", true);
      const y = u.bbox.top + (5 + Math.min(4, 20 / n) * mark.i) * ratio;
      ctx.strokeStyle = mark.colour;
      ctx.beginPath();
      if (mark.shape === "lost") { ctx.moveTo(x - r, y - r); ctx.lineTo(x + r, y + r); ctx.moveTo(x - r, y + r); ctx.lineTo(x + r, y - r); }
      else if (mark.shape === "above") { ctx.moveTo(x - r, y); ctx.lineTo(x, y - r); ctx.lineTo(x + r, y); ctx.moveTo(x, y - r); ctx.lineTo(x, y + 1.5 * r); }
      else { ctx.moveTo(x - r, y + r / 2); ctx.lineTo(x, y - r / 2); ctx.lineTo(x + r, y + r / 2); }
      ctx.stroke();
    }
  }

  const edgeTexts = (marks) => Object.keys(EDGE).map((shape) => (marks.some((mark) => mark.shape === shape) ? EDGE[shape] : ""));
  const seedsText = (low, high) => (low !== undefined && low !== null && low !== high ? ` (seeds ${short(low)} to ${short(high)})` : "");

  class Chart {
    // One figure: its plot, buttons to zoom, and a readout of the nearest point.
    constructor(place, title, hint) {
      this.title = make("h3", { textContent: title });
      this.tools = make("div", { className: "controls" });
      this.place = make("div", { className: "plot" });
      this.readout = make("div", { className: "readout" });
      this.readout.setAttribute("aria-live", "polite");
      this.hint = hint;
      this.box = make("div", { className: "chart" }, this.title, this.tools, this.place, this.readout);
      place.append(this.box);
      this.zoomers = make("span");
      for (const [label, text, action] of [
        ["zoom in", "+", () => this.zoom(0.5, 0)],
        ["zoom out", "−", () => this.zoom(2, 0)],
        ["to the left", "◂", () => this.zoom(1, -0.3)],
        ["to the right", "▸", () => this.zoom(1, 0.3)],
        ["all", "all", () => this.reset()],
      ]) {
        const button = make("button", { type: "button", textContent: text, onclick: action });
        button.setAttribute("aria-label", label);
        this.zoomers.append(button, " ");
      }
      this.tools.append(this.zoomers);
      this.say(null);
    }

    say(lines, command = "") {
      this.readout.replaceChildren();
      if (lines === null) {
        this.readout.append(make("span", { className: "dim", textContent: this.hint }));
        return;
      }
      const [first, ...rest] = lines;
      this.readout.append(make("b", { textContent: first }), `: ${rest.filter(Boolean).join("; ")}`);
      if (!command) return;
      const code = make("code", { textContent: command });
      const copy = make("button", { type: "button", textContent: "copy" });
      copy.onclick = () => {
        const select = () => getSelection().selectAllChildren(code);
        const done = () => { copy.textContent = "copied"; };
        if (navigator.clipboard) navigator.clipboard.writeText(command).then(done, select);
        else select();
      };
      this.readout.append(code, copy);
    }

    draw(data, series, { bands = [], log = true, range, under, points, onClick }) {
      const kept = this.kept;
      if (this.plot) this.plot.destroy();
      const ink = colour("--ink");
      const axis = { stroke: ink, grid: { stroke: colour("--line"), width: 0.6 }, ticks: { stroke: colour("--line"), size: 4 }, font: "12px system-ui, sans-serif" };
      const options = {
        width: this.width(),
        height: this.height(),
        legend: { show: false },
        padding: [8, 10, 0, 0],
        cursor: { drag: { x: true, y: false }, points: { show: false } },
        scales: {
          x: { time: false, distr: log ? 3 : 1, range: (u, low, high) => (data[0].length ? wide(low, high, log) : [1, 10]) },
          y: { distr: 3, range: (u, low, high) => range(low, high) },
        },
        axes: [
          log
            ? { ...axis, size: 32, filter: (u, splits) => splits, splits: (u, at, low, high) => logSplits(low, high, u.width / 45), values: labels }
            : { ...axis, size: 32, values: (u, splits) => splits.map(short) },
          { ...axis, size: 50, filter: (u, splits) => splits, splits: (u, at, low, high) => logSplits(low, high, u.height / 35), values: labels },
        ],
        series: [{}, ...series],
        bands,
        hooks: {
          drawAxes: [under],
          setCursor: [(u) => this.hover(u)],
          setSelect: [(u) => {
            const { left, width } = u.select;
            if (width > 0) this.kept = { min: u.posToVal(left, "x"), max: u.posToVal(left + width, "x") };
          }],
        },
      };
      this.points = points;
      this.say(null);
      this.plot = new uPlot(options, data, this.place);
      this.ring = make("div");
      Object.assign(this.ring.style, { position: "absolute", width: "12px", height: "12px", margin: "-6px 0 0 -6px", borderRadius: "50%", border: `2px solid ${ink}`, pointerEvents: "none", display: "none" });
      this.plot.over.append(this.ring);
      this.log = log;
      this.plot.over.addEventListener("dblclick", () => { this.kept = null; });
      let pressed = null;
      this.plot.over.addEventListener("mousedown", (event) => { pressed = event.clientX; });
      this.plot.over.addEventListener("click", (event) => {
        if (pressed !== null && Math.abs(event.clientX - pressed) < 4 && this.nearest && onClick) onClick(this.nearest);
      });
      if (kept) this.plot.setScale("x", kept);
    }

    width() { return Math.max(Math.floor(this.place.clientWidth), 200); }
    height() { return Math.round(Math.min(Math.max(this.width() * 0.55, 230), 340)); }
    resize() { if (this.plot && this.width() !== this.plot.width) this.plot.setSize({ width: this.width(), height: this.height() }); }

    zoom(factor, shift) {
      const { min, max } = this.plot.scales.x;
      const [a, b] = this.log ? [Math.log(min), Math.log(max)] : [min, max];
      const half = ((b - a) / 2) * factor;
      const centre = (a + b) / 2 + shift * (b - a);
      const ends = [centre - half, centre + half].map((v) => (this.log ? Math.exp(v) : v));
      this.kept = { min: ends[0], max: ends[1] };
      this.plot.setScale("x", this.kept);
    }

    reset() {
      this.kept = null;
      this.plot.setData(this.plot.data, true);
    }

    hover(u) {
      const { left, top } = u.cursor;
      this.nearest = null;
      this.ring.style.display = "none";
      if (left === null || left < 0) return;
      let least = Infinity;
      for (const point of this.points) {
        const x = u.valToPos(point.x, "x");
        const y = point.y === null ? 4 : Math.min(Math.max(u.valToPos(point.y, "y"), 0), u.over.clientHeight);
        if (x < -2 || x > u.over.clientWidth + 2) continue;
        const distance = (x - left) ** 2 + 0.3 * (y - top) ** 2;
        if (distance < least) { least = distance; this.nearest = { ...point, px: x, py: y }; }
      }
      if (!this.nearest) return;
      Object.assign(this.ring.style, { display: "block", left: `${this.nearest.px}px`, top: `${this.nearest.py}px` });
      this.say(this.nearest.lines(), this.nearest.command);
    }
  }

  class Figures {
    // The figures of one problem, which share the switches of the solvers.
    constructor(place, data) {
      this.data = data;
      this.on = data.solvers.map(() => true);
      this.picked = data.solvers.map((solver) => solver.best);
      this.repeat = data.solvers.some((s) => s.commands.some(Boolean)) ? ", and the command that repeats it" : "";
      const several = new Set(data.solvers.flatMap((s) => s.values).filter((v) => v !== null)).size > 1;
      this.traced = data.curves.some((curve) => curve.y.some((v) => v > 0));
      this.chips = make("div", { className: "controls solvers" });
      this.chips.setAttribute("role", "group");
      this.chips.setAttribute("aria-label", "Solvers, on or off");
      data.solvers.forEach((solver, i) => {
        const swatch = make("span", { className: "swatch" });
        swatch.style.borderTopColor = `var(--s${i % COLOURS})`;
        if (dashOf(i).length) swatch.style.borderTopStyle = dashOf(i)[0] < 4 ? "dotted" : "dashed";
        const chip = make("button", { type: "button" }, swatch, make("bdi", { textContent: solver.name }));
        chip.setAttribute("aria-pressed", "true");
        chip.addEventListener("click", () => {
          this.on[i] = !this.on[i];
          chip.setAttribute("aria-pressed", String(this.on[i]));
          this.draw();
        });
        this.chips.append(chip);
      });
      const charts = make("div", { className: `charts${several ? " two" : ""}` });
      place.append(this.chips, charts);
      place.hidden = false;
      if (several) this.addOverview(charts);
      if (this.traced) this.addTrajectories(charts, several);
      else charts.append(make("p", { className: "about-chart", textContent: `No trajectory to draw: ${data.lost || "there is no number"}.` }));
      this.draw();
      new ResizeObserver(() => this.charts().forEach((chart) => chart.resize())).observe(place);
    }

    charts() { return [this.overview, this.trajectories].filter(Boolean); }
    colourOf(i) { return colour(`--s${i % COLOURS}`); }

    addOverview(place) {
      const { data } = this;
      const chart = new Chart(place, "", `Touch or point at a run: its numbers${this.repeat}. A click draws its trajectory.`);
      this.overview = chart;
      this.shows = data.arrival && data.solvers.some((s) => s.passes.some((p) => p !== null)) ? "passes" : "level";
      if (data.arrival) {
        const choice = make("select");
        for (const [value, text] of [["passes", "passes to the target"], ["level", `${data.level} at the end`]]) {
          choice.append(make("option", { value, textContent: text, selected: value === this.shows }));
        }
        choice.onchange = () => { this.shows = choice.value; this.drawOverview(); };
        chart.tools.prepend(make("label", {}, choice));
      }
      chart.box.append(make("p", { className: "about-chart", textContent: "" }));
    }

    addTrajectories(place, several) {
      const { data } = this;
      const chart = new Chart(place, "", `Touch or point at a curve: its numbers${this.repeat}.`);
      this.trajectories = chart;
      this.across = "T log";
      this.quantity = "y";
      const per = data.L === null ? ["", ""] : [" times L", " over L"];
      const quantities = [["y", `${data.level}${data.of_iterate}`], ["lr", `learning rate${per[0]}`], ["b", `b${per[1]}`]];
      this.quantities = new Map(quantities.filter(([key]) => data.curves.some((curve) => curve[key])));
      if (this.quantities.size > 1) {
        const what = make("select");
        for (const [value, text] of this.quantities) what.append(make("option", { value, textContent: text }));
        what.onchange = () => { this.quantity = what.value; this.drawTrajectories(); };
        chart.tools.prepend(make("label", {}, what));
      }
      const choice = make("select");
      for (const [value, text] of [["T log", "over T, log"], ["T", "over T, linear"], ["passes log", "over passes, log"], ["passes", "over passes, linear"]]) {
        choice.append(make("option", { value, textContent: text }));
      }
      choice.onchange = () => { this.across = choice.value; chart.kept = null; this.drawTrajectories(); };
      if (several) {
        const texts = new Map();
        for (const s of data.solvers) s.values.forEach((v, k) => { if (v !== null) texts.set(v, s.texts[k]); });
        this.values = make("select");
        this.values.append(make("option", { value: "", textContent: `best ${data.parameter} of each` }));
        for (const v of [...texts.keys()].sort((a, b) => a - b)) {
          this.values.append(make("option", { value: String(v), textContent: `${data.parameter} = ${texts.get(v)}` }));
        }
        this.values.onchange = () => {
          const wanted = this.values.value === "" ? null : Number(this.values.value);
          this.picked = data.solvers.map((s) => {
            const at = wanted === null ? s.best : s.values.indexOf(wanted);
            return at < 0 ? null : at;
          });
          this.drawTrajectories();
        };
        chart.tools.prepend(make("label", {}, this.values));
      }
      chart.tools.prepend(make("label", {}, choice));
      chart.box.append(make("p", { className: "about-chart" }));
    }

    draw() {
      if (this.overview) this.drawOverview();
      if (this.traced) this.drawTrajectories();
    }

    laneName(i, k) {
      const s = this.data.solvers[i];
      return s.values[k] === null ? s.name : `${s.name}, ${this.data.parameter} = ${s.texts[k]}`;
    }

    linesOf(i, k) {
      const { data } = this;
      const s = data.solvers[i];
      const passes = !data.arrival ? "" : s.passes[k] === null ? "never at the target" : `${short(s.passes[k])} passes to the target`;
      return [this.laneName(i, k), passes, `${data.level} = ${short(s.level[k])} at the end${seedsText(s.low[k], s.high[k])}`, s.ended[k]];
    }

    linesAt(curve, n) {
      const [i, k] = curve.of;
      const passes = curve.passes[n] === null ? "" : ` (${short(curve.passes[n])} passes)`;
      const bound = (name, word) => (curve[name] && curve[name][n] !== null ? `${word} at most ${short(curve[name][n])} (${curve[`${name}_by`]})` : "");
      const ofLevel = this.quantity === "y";
      return [
        this.laneName(i, k),
        `T = ${curve.T[n]}${passes}`,
        `${this.quantities.get(this.quantity)} = ${short(this.columnOf(curve)[n])}${ofLevel ? seedsText(curve.low && curve.low[n], curve.high && curve.high[n]) : ""}`,
        ofLevel ? bound("promised", "promised") : "",
        ofLevel ? bound("certificate", "certified") : "",
      ];
    }

    // What is drawn of a curve; a number that never changes stands in the data once.
    columnOf(curve) {
      const column = curve[this.quantity];
      if (!column) return curve.T.map(() => null);
      const unit = this.quantity === "y" || this.data.L === null ? 1 : this.quantity === "lr" ? this.data.L : 1 / this.data.L;
      return curve.T.map((t, n) => { const v = column[column.length === 1 ? 0 : n]; return v === null ? null : v * unit; });
    }

    drawOverview() {
      const { data, shows } = this;
      const chart = this.overview;
      const xs = [...new Set(data.solvers.flatMap((s) => s.values).filter((v) => v !== null))].sort((a, b) => a - b);
      const columns = [xs];
      const series = [];
      const points = [];
      const marks = [];
      const top = shows === "level" && data.top !== null ? data.top : Infinity;
      const within = (v) => (positive(v) !== null && v <= top ? v : null);
      data.solvers.forEach((s, i) => {
        // Of a solver of which nothing varies every value shows the only run.
        const fixed = s.values.length === 1 && s.values[0] === null;
        const at = fixed ? xs.map((x) => [x, 0]) : s.values.map((v, k) => [v, k]).filter(([v]) => v !== null);
        const place = new Map(at);
        const column = xs.map((x) => (place.has(x) ? within(s[shows][place.get(x)]) : undefined));
        columns.push(column);
        series.push({ show: this.on[i], stroke: this.colourOf(i), width: 2, dash: dashOf(i), points: { show: !fixed, size: 6, fill: this.colourOf(i) } });
        if (!this.on[i]) return;
        at.forEach(([v, k]) => {
          const y = within(s[shows][k]);
          const shape = s[shows][k] > top ? "above" : s.lost[k] ? "lost" : "never";
          if (y === null && (shape !== "never" || shows === "passes")) marks.push({ x: v, shape, i, colour: this.colourOf(i) });
          points.push({ x: v, y, i, k, command: s.commands[k], lines: () => this.linesOf(i, k) });
        });
      });
      const under = (u) => {
        const ctx = u.ctx;
        const ratio = devicePixelRatio;
        const { left, top, width, height } = u.bbox;
        ctx.save();
        ctx.beginPath();
        ctx.rect(left, top, width, height);
        ctx.clip();
        ctx.textAlign = "left";
        ctx.textBaseline = "alphabetic";
        const shown = data.solvers.map((s, i) => i).filter((i) => this.on[i] && data.solvers[i].usable);
        shown.forEach((i, row) => {
          const [a, b] = data.solvers[i].usable.map((v) => u.valToPos(v, "x", true));
          ctx.fillStyle = this.colourOf(i);
          ctx.globalAlpha = 0.55;
          const thick = 4 * ratio;
          ctx.fillRect(a - ratio, top + height - (shown.length - row) * (thick + 2 * ratio), Math.max(b - a, 0) + 2 * ratio, thick);
        });
        ctx.globalAlpha = 1;
        if (data.step !== null) {
          const x = u.valToPos(data.step, "x", true);
          ctx.strokeStyle = ctx.fillStyle = colour("--soft");
          ctx.lineWidth = ratio;
          ctx.setLineDash([2 * ratio, 4 * ratio]);
          ctx.beginPath();
          ctx.moveTo(x, top);
          ctx.lineTo(x, top + height);
          ctx.stroke();
          ctx.font = `${11 * ratio}px system-ui, sans-serif`;
          ctx.fillText("1/L", x + 3 * ratio, top + 24 * ratio);
        }
        edgeMarks(u, marks, data.solvers.length);
        ctx.restore();
      };
      const range = (low, high) => {
        const [a, b] = low === null && data.start > 0 ? wide(data.start / 10, 10 * data.start, true) : wide(low, high, true);
        return [a / (b / a) ** 0.06, b * (b / a) ** 0.12];
      };
      const up = shows === "passes" ? "Passes to the target" : `${data.level} at the end`;
      chart.title.textContent = `${up} over ${data.parameter}`;
      chart.box.lastElementChild.textContent = [
        data.solvers.some((s) => s.usable) ? "bars below: the usable ranges" : "",
        data.lost,
        ...edgeTexts(marks),
      ].filter(Boolean).join("; ");
      chart.draw(columns, series, { range, under, points, onClick: (point) => {
        this.picked[point.i] = point.k;
        if (this.values) this.values.value = "";
        this.drawTrajectories();
      } });
    }

    // The trajectory of the lane that is picked, or of the nearest one that the file has.
    curveOf(i) {
      const k = this.picked[i];
      if (k === null || !this.on[i]) return null;
      const own = this.data.curves.filter((curve) => curve.of[0] === i);
      if (!own.length) return null;
      return own.reduce((a, b) => (Math.abs(b.of[1] - k) < Math.abs(a.of[1] - k) ? b : a));
    }

    drawTrajectories() {
      const { data } = this;
      const chart = this.trajectories;
      const key = this.across.split(" ")[0];
      const log = this.across.endsWith("log");
      const tables = [];
      const series = [];
      const bands = [];
      const points = [];
      const marks = [];
      const ofLevel = this.quantity === "y";
      const top = ofLevel && data.top !== null ? data.top : Infinity;
      let most = ofLevel && data.start !== null ? data.start : 0;
      let promised = false;
      let certified = false;
      data.solvers.forEach((s, i) => {
        const curve = this.curveOf(i);
        if (!curve) return;
        const rows = curve.T.map((t, n) => n).filter((n) => curve[key][n] !== null && (!log || curve[key][n] > 0));
        const take = (column) => rows.map((n) => (column[n] > top ? null : positive(column[n])));
        const values = this.columnOf(curve);
        const x = rows.map((n) => curve[key][n]);
        // The abscissa of a table ascends strictly: rows that share a number of passes are one.
        const once = x.map((v, n) => n === x.length - 1 || v < x[n + 1]);
        const table = [x.filter((v, n) => once[n])];
        const stroke = this.colourOf(i);
        const add = (column, properties) => {
          table.push(take(column).filter((v, n) => once[n]));
          series.push({ stroke, points: { show: false }, ...properties });
        };
        if (ofLevel && curve.low) {
          bands.push({ series: [series.length + 2, series.length + 1], fill: `${stroke}28` });
          add(curve.low, { width: 0 });
          add(curve.high, { width: 0 });
        }
        if (ofLevel && curve.promised) { promised = true; add(curve.promised, { width: 1.2, dash: [6, 4] }); }
        if (ofLevel && curve.certificate) { certified = true; add(curve.certificate, { width: 1.2, dash: [1.5, 3] }); }
        add(values, { width: 2 });
        tables.push(table);
        const k = curve.of[1];
        rows.forEach((n) => {
          const y = positive(values[n]);
          if (y === null) return;
          const above = y > top;
          if (above) marks.push({ x: curve[key][n], shape: "above", i, colour: stroke });
          else most = Math.max(most, y);
          points.push({ x: curve[key][n], y: above ? null : y, i, k, command: s.commands[k], lines: () => this.linesAt(curve, n) });
        });
        const last = rows.length ? curve[key][rows[rows.length - 1]] : key === "T" ? curve.diverged_at : undefined;
        if (ofLevel && curve.diverged_at !== undefined && last !== undefined) marks.push({ x: last, shape: "lost", i, colour: stroke });
      });
      const least = data.floor === null ? 0 : data.floor / 10;
      const range = (low, high) => {
        const room = marks.length ? 1.06 : 1; // for the marks at the top edge
        const [a, b] = wide(low === null ? null : ofLevel ? Math.max(low, least) : low, high === null ? null : Math.min(high, most || high), true);
        return [a, a * (b / a) ** room];
      };
      const under = (u) => {
        const ctx = u.ctx;
        const { left, top, width, height } = u.bbox;
        ctx.save();
        ctx.beginPath();
        ctx.rect(left, top, width, height);
        ctx.clip();
        ctx.textAlign = "left";
        ctx.textBaseline = "alphabetic";
        ctx.strokeStyle = ctx.fillStyle = colour("--soft");
        if (ofLevel && data.floor > 0) {
          const y = u.valToPos(data.floor, "y", true);
          ctx.globalAlpha = 0.18;
          if (y < top + height) ctx.fillRect(left, y, width, top + height - y);
          ctx.globalAlpha = 1;
        }
        if (ofLevel && data.target > 0) {
          const y = u.valToPos(data.target, "y", true);
          ctx.lineWidth = devicePixelRatio;
          ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
          ctx.beginPath();
          ctx.moveTo(left, y);
          ctx.lineTo(left + width, y);
          ctx.stroke();
          ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
          ctx.fillText("target", left + 5 * devicePixelRatio, y - 4 * devicePixelRatio);
        }
        edgeMarks(u, marks, data.solvers.length);
        ctx.restore();
      };
      chart.title.textContent = `${this.quantities.get(this.quantity)} over ${key === "T" ? "iterations" : "passes"}`;
      chart.box.lastElementChild.textContent = [
        promised ? "dashed: the least bound known before the run" : "",
        certified ? "dotted: computed from the run" : "",
        bands.length ? "band: from the least to the largest seed" : "",
        ...edgeTexts(marks),
      ].filter(Boolean).join("; ");
      const joined = tables.length ? uPlot.join(tables) : [[]];
      chart.draw(joined, series, { bands, log, range, under, points });
    }
  }

  const data = JSON.parse(document.getElementById("data").textContent);
  const all = [...document.querySelectorAll("[data-charts]")].map((place) => new Figures(place, data[place.dataset.charts]));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => all.forEach((figures) => figures.draw()));
})();
