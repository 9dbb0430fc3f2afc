// What the records say, in sentences: also the version for a screen reader.
import {isLong} from './loop_model.js';

// The compiler's name for a function or a type, without what surrounds it.
export function short(text) {
  const lambda = text.replace(/::\{lambda\([^{}]*\)#\d+\}/g, ' lambda').replace(/::<lambda\([^<>]*\)>/g, ' lambda').replace(/\([^()]*\)/g, '');
  let depth = 0;
  let plain = '';
  for (const c of lambda) {
    if (c === '<') ++depth;
    if (depth === 0) plain += c;
    if (c === '>') --depth;
  }
  const parts = plain.trim().split('::');
  return parts.slice(-2).join('::') || text;
}

export const at = t => `${(t / 1000).toFixed(3)} s`;
export const ms = t => t < 1 ? `${Math.round(t * 1000)} µs` : t < 20 ? `${t.toFixed(1)} ms` : `${Math.round(t)} ms`;
export const many = (count, one, more = one + 's') => `${count} ${count === 1 ? one : more}`;

export function whatRan(model, span) {
  const name = short(model.nameOf(span.name).text);
  return span.kind === 'handle' ? `fd ${span.fd}, ${name}` : name;
}

// Says what happened in one turn of the loop. Returns null if that was only this page's own work.
export function sentence(model, turn) {
  const inside = one => one >= turn.t0 - 0.001 && one <= turn.t1 + 0.001;
  const spans = model.spans.filter(span => !span.own && inside(span.t0));
  if (spans.length === 0) return null;
  const parts = [];
  const descriptors = [...new Set(spans.filter(span => span.kind === 'handle').map(span => span.fd))];
  if (descriptors.length > 0) parts.push(descriptors.length < 4 ? `events on fd ${descriptors.join(', ')}` : `events on ${descriptors.length} descriptors`);
  const timers = model.fired.filter(timer => !timer.own && inside(timer.t));
  if (timers.length > 0) {
    const late = Math.max(...timers.map(timer => timer.t - timer.due));
    parts.push(many(timers.length, 'timer') + (late > 10 ? `, up to ${ms(late)} late` : ''));
  }
  const resumed = model.waits.filter(wait => wait.t1 !== null && inside(wait.t1));
  if (resumed.length > 0) parts.push(many(resumed.length, 'coroutine') + ' resumed' + where(model, resumed));
  const began = model.waits.filter(wait => !wait.earlier && inside(wait.t0) && !(wait.t1 !== null && inside(wait.t1)));
  if (began.length > 0) parts.push(many(began.length, 'coroutine') + ' began to wait' + where(model, began));
  const callbacks = spans.filter(span => span.kind === 'run' && span.step === 1).length;
  if (callbacks > 0) parts.push(many(callbacks, 'callback'));
  const writes = spans.filter(span => span.step === 4).length;
  if (writes > 0) parts.push(many(writes, 'stream') + ' written out');
  if (isLong(turn) && turn.longest) {
    parts.push(`${whatRan(model, turn.longest)} ran for ${ms(turn.longest.t1 - turn.longest.t0)}, and nobody else was served`);
  }
  const text = parts.join('; ');
  return text.charAt(0).toUpperCase() + text.slice(1) + '.';
}

// The place that most of these waits have.
function where(model, waits) {
  const counts = new Map();
  for (const wait of waits) counts.set(wait.name, (counts.get(wait.name) ?? 0) + 1);
  const [name, count] = [...counts].sort((a, b) => b[1] - a[1])[0];
  if (count < 4) return '';
  const place = model.nameOf(name);
  return ` (${count} in ${short(place.text)}, line ${place.line})`;
}
