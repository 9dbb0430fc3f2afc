// What the page has kept, as trace events: the file that https://ui.perfetto.dev opens.
import {short} from './loop_words.js';

export function traceOf(model) {
  const events = [];
  const pid = 1;
  const common = (ph, name, cat, t, tid = 1) => ({ph, name, cat, pid, tid, ts: Math.max(0, t * 1000)});
  const title = number => {
    const name = model.nameOf(number);
    return name.file ? `${short(name.text)} ${name.file.split('/').at(-1)}:${name.line}` : short(name.text);
  };
  const from = Math.min(0, ...model.records.map(record => record.t));
  const push = (event, extra = {}) => events.push(Object.assign(event, {ts: event.ts}, extra));
  for (const span of model.spans) {
    const name = span.kind === 'handle' ? `fd ${span.fd} ${title(span.name)}` : title(span.name);
    push(common('X', name, span.kind, span.t0 - from), {dur: (span.t1 - span.t0) * 1000, args: {step: span.step, own: span.own}});
  }
  for (const sleep of model.sleeps) push(common('X', 'sleep', 'sleep', sleep.t0 - from), {dur: (sleep.t1 - sleep.t0) * 1000});
  model.queued.filter(one => one.ran !== null).forEach((one, id) => {
    push(common('s', 'ready', 'ready', one.t - from), {id});
    push(common('f', 'ready', 'ready', one.ran - from), {id, bp: 'e'});
  });
  model.waits.forEach((wait, id) => {
    if (wait.t1 === null) return;
    push(common('b', title(wait.name), 'coroutine', wait.t0 - from), {id});
    push(common('e', title(wait.name), 'coroutine', wait.t1 - from), {id});
  });
  const threads = [];
  for (const job of model.jobs.filter(one => one.t0 !== null)) {
    if (!threads.includes(job.thread)) threads.push(job.thread);
    push(common('X', 'job', 'pool', job.t0 - from, 2 + threads.indexOf(job.thread)), {dur: (job.t1 - job.t0) * 1000});
  }
  events.sort((a, b) => a.ts - b.ts || (b.dur ?? -1) - (a.dur ?? -1));
  const named = (tid, name) => ({ph: 'M', name: 'thread_name', cat: '__metadata', pid, tid, ts: 0, args: {name}});
  return [named(1, 'IOLoop'), ...threads.map((thread, i) => named(2 + i, `pool, thread ${thread}`)), ...events];
}
