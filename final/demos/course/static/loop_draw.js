// The timeline, on a canvas. Each thing drawn is also kept in `drawn`, with its place: what a click
// finds, and what the tests read.
import {isLong} from './loop_model.js';

const LABELS = 128;
const MOST_DESCRIPTORS = 24;
const MOST_ROWS = 64;
const SILENCE = 150;  // milliseconds without a message that are worth a word

const colour = (style, name) => style.getPropertyValue('--loop-' + name).trim();

export class Timeline {
  drawn = [];

  // With `only`, draws only the lanes with these labels.
  constructor(canvas, model, only = null) {
    this.canvas = canvas;
    this.model = model;
    this.only = only;
    this.pen = canvas.getContext('2d');
  }

  // Draws from `end - span` to `end`, in milliseconds, with a line at `cursor`.
  draw(end, span, cursor, selected) {
    const width = this.canvas.clientWidth;
    this.labels = width < 520 ? 76 : LABELS;
    this.t0 = end - span;
    this.end = end;
    this.scale = (width - this.labels - 8) / span;
    const style = getComputedStyle(this.canvas);
    this.ink = {};
    for (const name of ['text', 'quiet', 'line', 'run', 'sleep', 'wait', 'late', 'bad', 'pool', 'heard', 'ground', 'on']) {
      this.ink[name] = colour(style, name);
    }
    const lanes = this.lanes().filter(lane => !this.only || this.only.includes(lane.label));
    const height = lanes.reduce((sum, lane) => sum + lane.height, 26);
    this.resize(width, height);
    this.drawn = [];
    this.selected = selected;
    this.pen.font = '12px system-ui, sans-serif';
    this.pen.textBaseline = 'middle';
    this.axis(span, height);
    let y = 24;
    for (const lane of lanes) {
      this.text(lane.label, 0, y + lane.text, lane.strong ? 'text' : 'quiet');
      lane.draw(y);
      y += lane.height;
    }
    if (cursor !== null) this.line(this.x(cursor), 16, height, 'text', true);
  }

  resize(width, height) {
    const ratio = window.devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
      this.canvas.style.height = height + 'px';
    }
    this.pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.pen.clearRect(0, 0, width, height);
  }

  x(t) {
    return this.labels + (t - this.t0) * this.scale;
  }

  // ---- lanes

  lanes() {
    const lanes = [
      {label: 'loop', strong: true, height: 34, text: 12, draw: y => this.loop(y)},
      {label: 'page heard', height: 34, text: 6, draw: y => this.heard(y)},
    ];
    const open = this.visible(this.model.spans).filter(span => span.kind === 'handle' && !span.own);
    const numbers = [...new Set(open.map(span => span.fd))].sort((a, b) => a - b);
    if (numbers.length <= MOST_DESCRIPTORS / 3) {
      for (const fd of numbers) lanes.push(this.descriptorLane('fd ' + fd, open.filter(span => span.fd === fd)));
    } else {
      lanes.push(this.descriptorLane(numbers.length + ' fds', open));
    }
    lanes.push({label: 'timers', height: 22, text: 7, draw: y => this.timers(y)});
    const rows = this.rows();
    const shown = Math.min(rows.length, MOST_ROWS);
    const more = rows.length - shown;
    lanes.push({label: rows.length === 1 ? '1 coroutine' : rows.length + ' coroutines', height: Math.max(18, shown * 5 + 8) + (more > 0 ? 16 : 0), text: 6,
      draw: y => this.coroutines(rows.slice(0, shown), more, y)});
    const jobs = this.model.jobs.filter(job => (job.t1 ?? this.model.now) > this.t0 && job.queued < this.end);
    const threads = [...new Set(jobs.map(job => job.thread))];
    threads.slice(0, 6).forEach((thread, i) => lanes.push({label: thread === 0 ? 'pool, no thread yet' : 'pool ' + (i + 1), height: 20, text: 7,
      draw: y => jobs.filter(job => job.thread === thread).forEach(job => this.job(job, y))}));
    return lanes;
  }

  visible(list) {
    return list.filter(one => one.t1 > this.t0 && one.t0 < this.end);
  }

  descriptorLane(label, spans) {
    return {label, height: 17, text: 6, draw: y => {
      for (const span of spans) this.box(span.t0, span.t1, y, 12, span.t1 - span.t0 > 50 ? 'bad' : 'run', {lane: 'fd', kind: 'handle', ref: span});
    }};
  }

  loop(y) {
    for (const sleep of this.visible(this.model.sleeps)) this.box(sleep.t0, sleep.t1, y, 24, 'sleep', {lane: 'loop', kind: 'sleep', ref: sleep});
    for (const turn of this.visible(this.model.turns)) {
      const long = isLong(turn);
      this.box(turn.t0, turn.t1, y, 24, long ? 'bad' : turn.empty ? 'wait' : 'run', {lane: 'loop', kind: long ? 'long turn' : 'turn', ref: turn});
      if (!long) continue;
      const x0 = Math.max(this.x(turn.t0), this.labels);
      const said = `▲ ${Math.round(turn.t1 - turn.t0)} ms in one turn`;
      if (this.pen.measureText(said).width + 12 < this.x(Math.min(turn.t1, this.end)) - x0) this.text(said, x0 + 6, y + 12, 'on');
    }
  }

  heard(y) {
    const heard = this.model.heard.filter(t => t > this.t0 - 1000 && t < this.end);
    let free = this.labels;  // where the line below has room
    for (let i = 1; i < heard.length; ++i) {
      const silent = heard[i] - heard[i - 1] > SILENCE;
      this.box(heard[i - 1], heard[i], y + 2, 8, silent ? 'late' : 'heard',
        {lane: 'heard', kind: silent ? 'silence' : 'heard', ref: {t0: heard[i - 1], t1: heard[i]}}, silent);
      if (!silent) continue;
      const said = `heard nothing for ${Math.round(heard[i] - heard[i - 1])} ms`;
      const width = this.pen.measureText(said).width;
      const x = Math.max(this.labels, Math.min(this.x(heard[i - 1]), this.x(this.end) - width));
      if (x < free) continue;
      this.text(said, x, y + 20, 'quiet');
      free = x + width + 8;
    }
  }

  timers(y) {
    let latest = null;
    for (const timer of this.model.fired) {
      if (timer.own || timer.t < this.t0 || timer.due > this.end) continue;
      const late = timer.t - timer.due;
      if (late > 2) this.box(timer.due, timer.t, y + 1, 11, 'late', {lane: 'timers', kind: 'late', ref: {t0: timer.due, t1: timer.t}}, true);
      this.box(timer.t, timer.t, y, 13, 'run', {lane: 'timers', kind: 'fired', ref: {t0: timer.due, t1: timer.t}});
      if (late > 10 && (!latest || late > latest.t - latest.due)) latest = timer;
    }
    if (!latest) return;
    const said = `${Math.round(latest.t - latest.due)} ms late`;
    const width = this.pen.measureText(said).width;
    const after = this.x(latest.t) + 4;
    const before = Math.max(this.labels, this.x(latest.due) - width - 4);
    this.text(said, after + width < this.canvas.clientWidth ? after : before, y + 7, 'text');
  }

  // One row for each coroutine that waits in what is shown; one that waits again keeps its row.
  rows() {
    const rows = [];
    const of = new Map();
    for (const wait of this.model.waits) {
      if ((wait.t1 ?? Infinity) < this.t0 || wait.t0 > this.end || wait.t1 !== null && wait.t1 - wait.t0 < 1) continue;
      if (!of.has(wait.coroutine)) {
        of.set(wait.coroutine, rows.length);
        rows.push([]);
      }
      rows[of.get(wait.coroutine)].push(wait);
    }
    return rows.sort((a, b) => b[0].t0 - a[0].t0);
  }

  coroutines(rows, more, y) {
    rows.forEach((waits, row) => {
      for (const wait of waits) {
        const end = wait.t1 ?? this.end;
        const due = Math.min(wait.due ?? wait.ready ?? end, end);
        const top = y + row * 5;
        const about = {lane: 'coroutines', kind: 'wait', ref: wait};
        this.box(wait.t0, due, top + 1, 2, 'wait', about);
        if (end - due > 1) this.box(due, end, top + .5, 3, 'late', {...about, kind: 'due'}, true);
        if (wait.t1 !== null) this.box(wait.t1, wait.t1, top - .5, 5, 'run', {...about, kind: 'resumed'});
        if (wait === this.selected) this.line(Math.max(this.x(wait.t0), this.labels), top - 2, top + 6, 'text');
      }
    });
    if (more > 0) this.text(`${more} more`, 0, y + rows.length * 5 + 12, 'quiet');
  }

  job(job, y) {
    if (job.t0 === null) this.box(job.queued, this.end, y, 13, 'late', {lane: 'pool', kind: 'queued', ref: job}, true);
    else this.box(job.t0, job.t1, y, 13, 'pool', {lane: 'pool', kind: 'job', ref: job});
  }

  // ---- ink

  axis(span, height) {
    const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].find(ms => ms * this.scale > 70) ?? 10000;
    for (let t = Math.ceil(this.t0 / step) * step; t <= this.end; t += step) {
      this.line(this.x(t), 16, height, 'line');
      const text = step < 1000 ? `${Math.round(t)} ms` : `${Math.round(t / 1000)} s`;
      const x = this.x(t) - this.pen.measureText(text).width / 2;
      if (x + 50 < this.canvas.clientWidth) this.text(text, Math.max(x, this.labels), 8, 'quiet');
    }
  }

  box(t0, t1, y, height, ink, about, hatched = false) {
    const x0 = Math.max(this.x(t0), this.labels);
    const x1 = Math.max(x0 + 1.5, Math.min(this.x(t1), this.x(this.end)));
    if (this.x(t1) < this.labels || x0 > this.x(this.end)) return;
    this.pen.fillStyle = this.ink[ink];
    if (hatched) this.hatch(x0, y, x1 - x0, height);
    else this.pen.fillRect(x0, y, x1 - x0, height);
    this.drawn.push({...about, t0, t1, x0, x1, y0: y, y1: y + height});
  }

  // A pattern as well as a colour.
  hatch(x, y, width, height) {
    this.pen.save();
    this.pen.beginPath();
    this.pen.rect(x, y, width, height);
    this.pen.clip();
    this.pen.lineWidth = 2;
    this.pen.strokeStyle = this.pen.fillStyle;
    this.pen.beginPath();
    for (let at = x - height - (x % 6); at < x + width; at += 6) {
      this.pen.moveTo(at, y + height);
      this.pen.lineTo(at + height, y);
    }
    this.pen.stroke();
    this.pen.restore();
  }

  line(x, y0, y1, ink, dashed = false) {
    this.pen.strokeStyle = this.ink[ink];
    this.pen.lineWidth = 1;
    this.pen.setLineDash(dashed ? [3, 3] : []);
    this.pen.beginPath();
    this.pen.moveTo(x, y0);
    this.pen.lineTo(x, y1);
    this.pen.stroke();
    this.pen.setLineDash([]);
  }

  text(text, x, y, ink) {
    this.pen.fillStyle = this.ink[ink];
    this.pen.fillText(text, x, y);
  }

  // What lies under a point of the canvas, the narrowest first; a few pixels beside it count.
  at(x, y) {
    const near = this.drawn.filter(one => x > one.x0 - 4 && x < one.x1 + 4 && y > one.y0 - 2 && y < one.y1 + 2);
    return near.sort((a, b) => (a.x1 - a.x0) - (b.x1 - b.x0))[0] ?? null;
  }
}
