// What a loop has recorded, as the page needs it. All times are milliseconds on the server's clock
// since the first batch.

const KINDS = ['iteration', 'run', 'handle', 'sleep', 'timerSet', 'timerFired', 'timerRemoved', 'suspend',
  'resume', 'ready', 'open', 'close', 'poolQueued', 'poolRan'];
const EARLIER = 1;
const OWN = 2;
const KEPT = 30000;  // milliseconds of history
const MOST = 2000;   // records in a batch
const LONG = 50;     // a turn of more milliseconds is a long one

export const isLong = turn => turn.t1 - turn.t0 > LONG;

export class LoopModel {
  names = new Map();
  base = null;         // nanoseconds, a BigInt
  now = 0;             // when the last batch was made
  offset = Infinity;   // the browser's clock minus the server's, at the fastest message
  isBehind = false;    // whether the server has more records than fitted into the last batch
  heard = [];          // when a batch came
  lost = 0;            // records that the server could not send
  iterations = [];     // {n, t, callbacks, ready, timers}
  spans = [];          // what ran: {kind, t0, t1, name, id, fd, step, n, own}
  sleeps = [];         // {t0, t1, n}
  turns = [];          // between two sleeps: {t0, t1, n, own, longest}
  waits = [];          // of coroutines: {t0, t1, ready, due, name, id, coroutine, n, cause, by}
  suspended = new Map();
  queued = [];         // {id, t, ran, name, by, n}
  inQueue = new Map();
  ownTimers = new Set();
  timers = new Map();  // those set: id to {set, due, own}
  fired = [];          // {due, t, own}
  descriptors = new Map();
  jobs = [];           // {queued, t0, t1, thread}
  waitingJobs = new Map();
  records = [];        // for the trace

  addNames(names) {
    for (const one of names) this.names.set(one.name, one);
  }

  nameOf(number) {
    return this.names.get(number) ?? {text: '?', file: '', line: 0};
  }

  // Takes one binary message, which came at `arrived` on the browser's clock.
  addBatch(buffer, arrived) {
    const view = new DataView(buffer);
    const made = view.getBigUint64(0, true);
    this.base ??= made;
    this.now = Number(made - this.base) / 1e6;
    this.offset = Math.min(this.offset, arrived - this.now);
    this.heard.push(arrived - this.offset);
    const count = view.getUint32(8, true);
    this.isBehind = count === MOST;
    this.lost += view.getUint32(12, true);
    for (let i = 0, at = 16; i < count; ++i, at += 32) this.add(this.read(view, at));
    this.forget(this.now - KEPT);
  }

  // Waits until the records of what happened before `time`, on the browser's clock, have come over `stream`; at most 5 seconds.
  async reaches(time, stream) {
    for (let i = 0; i < 250 && stream.isOpen && (this.isBehind || this.now + this.offset < time); ++i) {
      await new Promise(resolve => { setTimeout(resolve, 20); });
    }
  }

  read(view, at) {
    return {
      kind: KINDS[view.getUint8(at)], flags: view.getUint8(at + 1), name: view.getUint16(at + 2, true),
      fd: view.getInt32(at + 4, true), id: view.getUint32(at + 8, true), arg: view.getUint32(at + 12, true),
      t: Number(view.getBigUint64(at + 16, true) - this.base) / 1e6,
      d: Number(view.getBigUint64(at + 24, true)) / 1e6,
    };
  }

  add(record) {
    this.records.push(record);
    this['on_' + record.kind]?.(record, (record.flags & OWN) !== 0);
  }

  get n() {
    return this.iterations.at(-1)?.n ?? 0;
  }

  on_iteration(record) {
    this.iterations.push({n: record.id, t: record.t, callbacks: record.arg >>> 16, ready: record.arg & 0xffff, timers: record.fd});
  }

  on_run(record, own) {
    const span = {kind: 'run', t0: record.t, t1: record.t + record.d, name: record.name, id: record.id, step: record.arg, n: this.n, own};
    const entry = this.inQueue.get(record.id);
    if (entry?.own || this.ownTimers.delete(record.id)) span.own = true;
    if (entry) {
      entry.ran = record.t;
      entry.name = record.name;
      this.inQueue.delete(record.id);
    }
    this.ran(span);
  }

  on_handle(record, own) {
    this.ran({kind: 'handle', t0: record.t, t1: record.t + record.d, name: record.name, id: record.id, fd: record.fd, step: 7, n: this.n, own});
  }

  // What happened inside of a span was recorded before it. What this page's own work queues is its own, too.
  ran(span) {
    this.spans.push(span);
    if (span.own) {
      for (let i = this.queued.length - 1; i >= 0 && this.queued[i].t >= span.t0; --i) this.queued[i].own = true;
      for (const timer of this.timers.values()) timer.own ||= timer.set >= span.t0;
    }
    for (let i = this.waits.length - 1; i >= 0 && this.waits[i].t0 >= span.t0; --i) this.waits[i].cause ??= span;
    for (let i = this.queued.length - 1; i >= 0 && this.queued[i].t >= span.t0; --i) this.queued[i].by ??= span;
  }

  on_sleep(record) {
    const before = this.sleeps.at(-1);
    this.sleeps.push({t0: record.t, t1: record.t + record.d, n: this.n});
    if (before?.n !== this.n - 1) return;  // nobody recorded what was between
    const turn = {t0: before.t1, t1: record.t, n: this.n, own: 0, longest: null};
    let others = 0;
    for (let i = this.spans.length - 1; i >= 0 && this.spans[i].t0 >= turn.t0; --i) {
      const span = this.spans[i];
      if (span.own) turn.own += span.t1 - span.t0;
      else {
        ++others;
        if (!turn.longest || span.t1 - span.t0 > turn.longest.t1 - turn.longest.t0) turn.longest = span;
      }
    }
    turn.empty = others === 0;
    this.turns.push(turn);
  }

  on_timerSet(record, own) {
    this.timers.set(record.id, {set: record.t, due: record.t + record.d, own});
  }

  on_timerFired(record, own) {
    const timer = this.timers.get(record.id);
    this.timers.delete(record.id);
    if (timer?.own) this.ownTimers.add(record.id);
    this.fired.push({id: record.id, due: record.t - record.d, t: record.t, own: own || (timer?.own ?? false)});
  }

  on_timerRemoved(record) {
    this.timers.delete(record.id);
  }

  on_suspend(record) {
    if (record.flags & EARLIER && this.suspended.has(record.id)) return;
    const wait = {t0: record.t, t1: null, ready: null, due: null, name: record.name, id: record.id, coroutine: record.arg, n: this.n,
      cause: null, earlier: (record.flags & EARLIER) !== 0};
    this.waits.push(wait);
    this.suspended.set(record.id, wait);
  }

  on_resume(record) {
    const wait = this.suspended.get(record.id);
    if (!wait) return;
    wait.t1 = record.t;
    this.suspended.delete(record.id);
  }

  on_ready(record) {
    const entry = {id: record.id, t: record.t, ran: null, name: 0, by: null, n: this.n, own: false};
    this.queued.push(entry);
    this.inQueue.set(record.id, entry);
    const wait = this.suspended.get(record.id);
    if (!wait) return;
    wait.ready = record.t;
    for (let i = this.fired.length - 1; i >= 0 && i >= this.fired.length - 400; --i) {
      if (this.fired[i].id === record.arg) {
        wait.due = Math.max(this.fired[i].due, wait.t0);
        return;
      }
    }
  }

  on_open(record) {
    this.descriptors.set(record.fd, {name: record.name, t: record.t});
  }

  on_close(record) {
    this.descriptors.delete(record.fd);
  }

  on_poolQueued(record) {
    const job = {queued: record.t, t0: null, t1: null, thread: 0};
    this.jobs.push(job);
    this.waitingJobs.set(record.id, job);
  }

  on_poolRan(record) {
    const job = this.waitingJobs.get(record.id) ?? {queued: record.t};
    this.waitingJobs.delete(record.id);
    Object.assign(job, {t0: record.t, t1: record.t + record.d, thread: record.arg});
  }

  forget(before) {
    const cut = (list, end) => {
      let count = 0;
      while (count < list.length && end(list[count]) < before) ++count;
      if (count > 0) list.splice(0, count);
    };
    cut(this.heard, t => t);
    cut(this.iterations, one => one.t);
    cut(this.spans, one => one.t1);
    cut(this.sleeps, one => one.t1);
    cut(this.turns, one => one.t1);
    cut(this.queued, one => one.t);
    cut(this.fired, one => one.t);
    cut(this.jobs, one => one.t1 ?? Infinity);
    cut(this.records, one => one.t);
    this.waits = this.waits.filter(one => one.t1 === null || one.t1 >= before);
    for (const [id, entry] of this.inQueue) if (entry.t < before) this.inQueue.delete(id);
  }

  // ---- what the counters say

  // The part of the time between t0 and t1 in which the loop did not sleep, without what it did for this page.
  busy(t0, t1) {
    let busy = 0;
    for (let i = this.turns.length - 1; i >= 0 && this.turns[i].t1 > t0; --i) {
      const turn = this.turns[i];
      if (turn.empty) continue;
      busy += Math.max(0, Math.min(turn.t1, t1) - Math.max(turn.t0, t0) - turn.own);
    }
    return busy / (t1 - t0);
  }

  longestTurn(t0, t1) {
    return this.turns.filter(turn => turn.t1 > t0 && turn.t0 < t1).reduce((longest, turn) =>
      !longest || turn.t1 - turn.t0 > longest.t1 - longest.t0 ? turn : longest, null);
  }

  latestTimer(t0, t1) {
    return Math.max(0, ...this.fired.filter(one => one.t > t0 && one.t < t1).map(one => one.t - one.due));
  }

  // The longest silence between two messages, as the browser noticed it.
  longestSilence(t0, t1) {
    let longest = {t0, t1: t0};
    for (let i = 1; i < this.heard.length; ++i) {
      if (this.heard[i] < t0 || this.heard[i - 1] > t1) continue;
      if (this.heard[i] - this.heard[i - 1] > longest.t1 - longest.t0) longest = {t0: this.heard[i - 1], t1: this.heard[i]};
    }
    return longest;
  }

  suspendedAt(t) {
    return this.waits.filter(wait => wait.t0 <= t && (wait.t1 === null || wait.t1 > t));
  }
}
