// The microscope: one WebSocket brings what a loop has recorded; this draws it, stops it, and starts
// the experiments.
import {LoopModel, isLong} from './loop_model.js';
import {LoopStream} from './loop_stream.js';
import {Timeline} from './loop_draw.js';
import {at, many, ms, sentence, short, whatRan} from './loop_words.js';
import {traceOf} from './loop_trace.js';
import {Race} from './race.js';

const SPANS = [50, 100, 200, 500, 1000, 2000, 5000, 10000];
const STEPS = ['mail', '1 callbacks', '2 timers', '3 ready', '4 write out', '5, 6 sleep', '7 dispatch', '8 free'];
const LINE_OF_STEP = {1: 'run_callbacks', 2: 'run_timers', 3: 'run_ready', 4: 'flush()', 6: 'poll_and_dispatch', 7: 'poll_and_dispatch'};
const $ = id => document.getElementById(id);
const calm = matchMedia('(prefers-reduced-motion: reduce)');

const scope = {view: 'live', model: new LoopModel(), timeline: null, stream: null, span: 5, frozen: null, turn: null, selected: null, place: null};
window.microscope = scope;  // for the tests, and for the curious

// ---- the connection

function connect(view) {
  scope.stream?.close();
  Object.assign(scope, {view, model: new LoopModel(), frozen: null, turn: null, selected: null, place: null});
  scope.timeline = new Timeline($('timeline'), scope.model);
  scope.stream = new LoopStream(view, scope.model, reason => {
    say(reason || 'The server has closed the connection. Load the page again to go on.');
  });
  say(view === 'live' ? 'Live, over one WebSocket.' : 'The specimen: a loop and a server of its own, on a thread of its own.');
  $('specimen-tools').hidden = view !== 'specimen';
  for (const button of document.querySelectorAll('[data-view]')) button.ariaPressed = String(button.dataset.view === view);
  freeze(null);
}

const say = text => { $('state').textContent = text; };

// ---- freezing and stepping

// The time at the right edge: now, or where the view was frozen.
function end() {
  return scope.frozen ?? Math.max(0, performance.now() - scope.model.offset);
}

function freeze(time) {
  scope.frozen = time;
  if (time === null) Object.assign(scope, {turn: null, selected: null});
  $('freeze').ariaPressed = String(time !== null);
  $('freeze').textContent = time === null ? 'Freeze' : 'Go live';
  redraw();
}

// Selects the next or the last turn that did something for somebody else than this page.
function step(direction) {
  const turns = scope.model.turns.filter(turn => !turn.empty);
  if (scope.frozen === null) freeze(end());
  const from = scope.turn ? scope.turn.t0 : scope.frozen;
  const next = direction < 0 ? turns.filter(turn => turn.t0 < from).at(-1) : turns.find(turn => turn.t0 > from);
  if (next) selectTurn(next);
}

function selectTurn(turn) {
  scope.turn = turn;
  scope.selected = turn.longest;
  const width = SPANS[scope.span];
  if (turn.t0 < scope.frozen - width || turn.t1 > scope.frozen) scope.frozen = Math.max(turn.t1 + width / 3, turn.t1 + 2);
  redraw();
}

// Selects what a click has found: a span with its turn, or a coroutine's wait.
function select(found) {
  if (scope.frozen === null) freeze(end());
  scope.selected = found.ref;
  const isWait = found.lane === 'coroutines';
  const when = isWait ? found.ref.t0 : found.t0;
  const now = momentOf(scope.turn);
  const stays = isWait && scope.turn && found.ref.t0 <= now && (found.ref.t1 ?? Infinity) > now;
  scope.turn = stays ? scope.turn : scope.model.turns.findLast(turn => turn.t0 <= when + 0.001 && when <= turn.t1 + 0.001) ?? scope.turn;
  if (isWait) showWait(found.ref);
  else if (found.ref.name) showName(found.ref.name, whatRan(scope.model, found.ref) + ` ran for ${ms(found.ref.t1 - found.ref.t0)}.`);
  redraw();
}

function zoom(direction) {
  scope.span = Math.max(0, Math.min(SPANS.length - 1, scope.span + direction));
  redraw();
}

// ---- drawing

function redraw() {
  const cursor = scope.turn ? scope.turn.t0 : scope.frozen;
  scope.timeline.draw(end(), SPANS[scope.span], scope.frozen === null ? null : cursor, scope.selected);
  counters();
  ring();
  queue();
  waits();
  iteration();
  words();
}

function counters() {
  const model = scope.model;
  const t1 = end();
  const t0 = t1 - SPANS[scope.span];
  const turn = model.longestTurn(t0, t1);
  const length = turn ? turn.t1 - turn.t0 : 0;
  const late = model.latestTimer(t0, t1);
  put('c-iteration', '#' + (scope.turn?.n ?? model.n).toLocaleString('en'));
  put('c-busy', `${Math.round(model.busy(t1 - 1000, t1) * 100)} %`);
  put('c-turn', (isLong(turn ?? {t0: 0, t1: 0}) ? '▲ ' : '') + ms(length), length > 50);
  put('c-late', ms(late), late > 50);
  put('c-ready', model.inQueue.size);
  put('c-fds', model.descriptors.size);
  put('c-waits', model.suspendedAt(momentOf(scope.turn)).length);
}

function put(id, text, alarm = false) {
  if ($(id).textContent !== String(text)) $(id).textContent = text;
  $(id).classList.toggle('alarm', alarm);
}

// The steps of the selected turn, or of the last one that did something.
function shownTurn() {
  return scope.turn ?? scope.model.turns.findLast(turn => !turn.empty && turn.t0 <= end()) ?? null;
}

// The moment for which the tables stand: the middle of the selected turn, or now.
function momentOf(turn) {
  return turn ? (turn.t0 + turn.t1) / 2 : end();
}

function ring() {
  const turn = shownTurn();
  const spans = turn ? scope.model.spans.filter(span => span.t0 >= turn.t0 - 0.001 && span.t1 <= turn.t1 + 0.001) : [];
  const ran = new Map();
  for (const span of spans) ran.set(span.step, (ran.get(span.step) ?? 0) + 1);
  const now = scope.selected?.step ?? turn?.longest?.step ?? 6;
  const places = STEPS.map((name, i) => {
    const angle = i / STEPS.length * 2 * Math.PI - Math.PI / 2;
    const x = 150 + 58 * Math.cos(angle);
    const y = 82 + 58 * Math.sin(angle);
    const step = [0, 1, 2, 3, 4, 6, 7, 8][i];
    const kind = step === now ? 'now' : ran.has(step) ? 'ran' : '';
    const side = Math.cos(angle) > .3 ? 'start' : Math.cos(angle) < -.3 ? 'end' : 'middle';
    const dx = side === 'start' ? 15 : side === 'end' ? -15 : 0;
    const dy = side === 'middle' ? (Math.sin(angle) < 0 ? -14 : 23) : 4;
    const count = ran.has(step) ? ` ×${ran.get(step)}` : '';
    return `<circle class="${kind}" cx="${x}" cy="${y}" r="${step === now ? 10 : 6}"/><text x="${x + dx}" y="${y + dy}" text-anchor="${side}">${name}${count}</text>`;
  });
  const middle = turn ? `<text x="150" y="80" text-anchor="middle">${ms(turn.t1 - turn.t0)}</text><text class="quiet" x="150" y="95" text-anchor="middle">this turn</text>` : '';
  const html = `<svg viewBox="0 0 300 172" role="img" aria-label="The steps of an iteration; the current one is ${STEPS[[0, 1, 2, 3, 4, 6, 7, 8].indexOf(now)]}">` +
    `<circle class="round" cx="150" cy="82" r="58"/>${places.join('')}${middle}</svg>`;
  if ($('ring').innerHTML !== html) $('ring').innerHTML = html;
  put('ring-what', turn ? '#' + turn.n.toLocaleString('en') : '');
}

// What was queued in the turn, first in first out.
function queue() {
  const turn = shownTurn();
  const items = turn ? scope.model.queued.filter(one => one.t >= turn.t0 - 0.001 && one.t <= turn.t1 + 0.001) : [];
  put('queue-what', items.length === 0 ? 'empty' : `${items.length} in this turn, first in, first out`);
  const shown = items.slice(0, 18).map((one, i) => {
    const chip = document.createElement('span');
    chip.textContent = `${short(scope.model.nameOf(one.name).text).split('::').at(-1)} ${i + 1}`;
    return chip;
  });
  if (items.length > shown.length) {
    const rest = document.createElement('span');
    rest.className = 'quiet';
    rest.textContent = `and ${items.length - shown.length} more`;
    shown.push(rest);
  }
  $('queue').replaceChildren(...shown);
}

// The table of suspended coroutines: those that wait at the same place are one row.
function waits() {
  const time = momentOf(scope.turn);
  const places = new Map();
  for (const wait of scope.model.suspendedAt(time)) {
    if (!places.has(wait.name)) places.set(wait.name, []);
    places.get(wait.name).push(wait);
  }
  // The site's own code first, then the framework's.
  const depth = group => Number(scope.model.nameOf(group[0].name).file.includes('/final/src/'));
  const rows = [...places.values()].sort((a, b) => depth(a) - depth(b) || b.length - a.length || b[0].t0 - a[0].t0);
  const list = $('waits');
  while (list.children.length > rows.length) list.lastChild.remove();
  rows.forEach((group, i) => {
    if (!list.children[i]) {
      const item = document.createElement('li');
      item.innerHTML = '<button><b></b><span></span><span class="quiet"></span></button>';
      list.append(item);
    }
    const button = list.children[i].firstChild;
    const place = scope.model.nameOf(group[0].name);
    const [name, since, file] = button.children;
    const texts = [(group.length > 1 ? `${group.length} × ` : '') + short(place.text), group[0].earlier ? 'from before' : ms(Math.max(0, time - group[0].t0)),
      `waits at ${place.file.split('/').at(-1)}:${place.line}`];
    [name, since, file].forEach((part, at) => { if (part.textContent !== texts[at]) part.textContent = texts[at]; });
    button.ariaPressed = String(scope.selected?.name === group[0].name);
    button.onclick = () => select({lane: 'coroutines', ref: group[0], t0: group[0].t0});
  });
}

function iteration() {
  const step = scope.selected?.step ?? (shownTurn()?.longest?.step || 6);
  const bad = scope.turn !== null && isLong(scope.turn);
  for (const line of $('iteration').children) {
    const now = LINE_OF_STEP[step] !== undefined && line.textContent.includes(LINE_OF_STEP[step]);
    line.classList.toggle('now', now);
    line.classList.toggle('bad', now && bad);
  }
}

// ---- places in the source

function showWait(wait) {
  const model = scope.model;
  const place = model.nameOf(wait.name);
  const began = wait.earlier ? `${short(place.text)} was waiting at line ${place.line} before you looked.`
    : `${short(place.text)} began to wait at line ${place.line} in iteration #${wait.n.toLocaleString('en')}, ${at(wait.t0)} after you came.`;
  const maker = wait.cause ? ` It was created, or resumed, by ${whatRan(model, wait.cause)}.` : '';
  const ended = wait.t1 === null ? ' It still waits.' : ` It waited for ${ms(wait.t1 - wait.t0)}` +
    (wait.due !== null && wait.t1 - wait.due > 10 ? `, ${ms(wait.t1 - wait.due)} longer than it asked for.` : '.');
  showName(wait.name, began + maker + ended);
}

async function showName(name, text) {
  const box = $('place');
  const about = document.createElement('p');
  about.textContent = text;
  box.replaceChildren(about);
  if (!scope.model.nameOf(name).file) return;
  const answer = await fetch('/loop/source/' + name);
  if (!answer.ok) return;
  const source = await answer.json();
  const link = document.createElement('a');
  link.href = `/${source.path}#L${source.line}`;
  link.textContent = `${source.path}:${source.line}`;
  const code = document.createElement('pre');
  code.tabIndex = 0;
  source.lines.forEach((line, i) => {
    const row = document.createElement('span');
    row.textContent = line + '\n';
    row.classList.toggle('now', source.first + i === source.line);
    code.append(row);
  });
  const where = document.createElement('p');
  where.append(link);
  box.replaceChildren(about, where, code);
}

// ---- words

function words() {
  const t1 = end();
  const last = scope.turn ? Math.max(scope.turn.t1, t1 - SPANS[scope.span]) + 100 : t1;
  const list = $('words');
  const rows = [];
  for (let i = scope.model.turns.length - 1; i >= 0 && rows.length < 14; --i) {
    const turn = scope.model.turns[i];
    const text = turn.empty || turn.t0 > last ? null : sentence(scope.model, turn);
    if (text === null) continue;
    // Turns in which the same happened are one row.
    const shape = text.replace(/\d+/g, '0');
    if (rows[0]?.shape === shape && !isLong(turn) && turn !== scope.turn && rows[0].turn !== scope.turn) Object.assign(rows[0], {turn, text, like: rows[0].like + 1});
    else rows.unshift({turn, text, shape, like: 0});
  }
  const silence = scope.model.longestSilence(t1 - SPANS[scope.span], t1);
  if (silence.t1 - silence.t0 > 150) {
    rows.push({turn: {t0: silence.t0, t1: silence.t1, n: null}, text: `The browser heard nothing from the server for ${ms(silence.t1 - silence.t0)}.`});
    rows.sort((a, b) => a.turn.t0 - b.turn.t0);
  }
  list.replaceChildren(...rows.map(({turn, text, like}) => {
    const item = document.createElement('li');
    const [number, time, what] = [document.createElement('span'), document.createElement('span'), document.createElement('b')];
    number.textContent = turn.n === null ? '' : '#' + turn.n.toLocaleString('en');
    time.textContent = at(turn.t0);
    what.textContent = like > 0 ? `${text} ${many(like, 'turn')} more like it.` : text;
    what.style.fontWeight = 'inherit';
    item.classList.toggle('alarm', turn.n !== null && isLong(turn));
    item.classList.toggle('now', turn === scope.turn);
    item.append(number, time, what);
    return item;
  }));
}

// ---- experiments

const race = new Race($('race'));

const EXPERIMENTS = {
  slow: {
    asks: '64 requests come at once, and each handler awaits gen::sleep(0.5). When has the last one its response?',
    choices: [['after 0.5 s', 0.5], ['after 1 s', 1], ['after 32 s', 32]],
    measured: result => Math.max(...result.seconds),
    says: result => `the last of ${result.seconds.length} responses came after ${Math.max(...result.seconds).toFixed(2)} s`,
  },
  block: {
    asks: 'A handler sleeps for 400 ms in the loop’s thread. For how long does this page hear nothing?',
    choices: [['not at all', 0], ['for 50 ms', 0.05], ['for 400 ms', 0.4]],
    says: (result, from) => `${silenceSince(from)}, and one turn took ${ms(longestSince(from))}`,
  },
  pool: {
    asks: 'The same 400 ms, but in run_in_executor. How long is the longest turn of the loop?',
    choices: [['below 50 ms', 0], ['400 ms', 0.4], ['800 ms', 0.8]],
    says: (result, from) => `the job took ${ms(jobSince(from))}, and the longest turn of the loop ${ms(longestSince(from))}`,
  },
  poll: {
    asks: '64 browsers wait for news in a long poll each, as those in the chat do. The news come after 1.5 s. How busy is the loop while they wait?',
    choices: [['less than 5 %', 0], ['about 50 %', 0.5], ['100 %', 1]],
    says: (result, from) => `while they waited the loop was busy for ${percent(idleOfPolls(from))} of the time, and all 64 had the news within ${ms(spreadOf(result))}`,
  },
  race: {
    asks: 'Chapter 01’s one-at-a-time server, its server with a thread for each client, and this loop get 64 requests each, whose responses take 50 ms of waiting. Which come in together?',
    choices: [['the threads and the loop', 0], ['one at a time and the loop: both have one thread', 1], ['none: the threads win by far', 2]],
    runs: () => race.run(post, scope.view),
    says: result => race.says(result),
  },
  both: {
    asks: '64 handlers await 500 ms each; after 300 ms a handler blocks the loop for 400 ms. When does the last response come?',
    choices: [['after 0.5 s', 0.5], ['after 0.7 s', 0.7], ['after 0.9 s', 0.9], ['after 26 s', 26]],
    says: result => `the last response came after ${Math.max(...result.seconds).toFixed(2)} s`,
  },
};

const longestSince = from => { const turn = scope.model.longestTurn(from, Infinity); return turn ? turn.t1 - turn.t0 : 0; };
const jobSince = from => Math.max(0, ...scope.model.jobs.filter(job => job.t1 > from).map(job => job.t1 - job.t0));
const percent = part => `${part < 0.1 ? (part * 100).toFixed(1) : Math.round(part * 100)} %`;
// The polls wait from soon after the start until the news, 1.5 s after it.
const idleOfPolls = from => scope.model.busy(from + 400, from + 1400);
const spreadOf = result => (Math.max(...result.seconds) - Math.min(...result.seconds)) * 1000;
const silenceSince = from => {
  if (scope.view !== 'live') return 'the site’s own loop did not notice';
  const silence = scope.model.longestSilence(from, Infinity);
  return `the page heard nothing for ${ms(silence.t1 - silence.t0)}`;
};

function propose(name) {
  const box = $('ask');
  const question = document.createElement('span');
  question.innerHTML = '<b>Predict:</b> ';
  question.append(EXPERIMENTS[name].asks);
  const choices = document.createElement('span');
  choices.className = 'group';
  for (const [text] of EXPERIMENTS[name].choices) {
    const button = document.createElement('button');
    button.textContent = text;
    button.onclick = () => perform(name, text, choices, button);
    choices.append(button);
  }
  const answer = document.createElement('span');
  answer.className = 'quiet';
  box.replaceChildren(question, choices, answer);
  box.hidden = false;
  choices.firstChild.focus();
}

async function perform(name, said, choices, chosen) {
  for (const button of choices.children) button.disabled = true;
  chosen.ariaPressed = 'true';
  const answer = choices.nextSibling;
  answer.textContent = 'It runs …';
  freeze(null);
  const from = end();
  if (name !== 'race') race.hide();
  const result = await (EXPERIMENTS[name].runs?.() ?? post('/loop/experiment', {name, loop: scope.view}));
  await scope.model.reaches(performance.now(), scope.stream);
  const none = result.seconds?.length === 0 && result.failed > 0;
  const words = none ? 'No response came within 20 s.' : `You said: ${said}. Measured: ${EXPERIMENTS[name].says(result, from)}.`;
  answer.textContent = typeof result === 'string' ? result : words;
  scope.result = {name, result, from, to: end()};
  freeze(end());
  const turns = scope.model.turns.filter(turn => turn.t0 > from && !turn.empty);
  const most = measure => turns.reduce((best, turn) => !best || measure(turn) > measure(best) ? turn : best, null);
  const turn = ['slow', 'poll', 'race'].includes(name) ? most(one => scope.model.suspendedAt(one.t1).length) : most(one => one.t1 - one.t0);
  if (turn) selectTurn(turn);
}

// Returns what the server says, or a sentence if it refuses.
async function post(path, fields, read = answer => answer.json()) {
  const token = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/)?.[1] ?? '';
  const sent = fetch(path, {method: 'POST', headers: {'X-XSRFToken': token}, body: new URLSearchParams(fields)});
  const answer = await sent.catch(() => null);
  if (!answer) return 'The server does not answer.';
  if (answer.status === 409) return path === '/loop/specimen' ? 'Nobody watches the specimen.' : 'Another experiment runs. Try again in a moment.';
  if (!answer.ok) return `The server refused: ${answer.status}.`;
  return read(answer);
}

// ---- the reader's hands

function save() {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([JSON.stringify(traceOf(scope.model))], {type: 'application/json'}));
  link.download = 'loop-trace.json';
  link.click();
}

const toggle = () => freeze(scope.frozen === null ? end() : null);
const KEYS = {' ': toggle, ArrowLeft: () => step(-1), ArrowRight: () => step(1), '+': () => zoom(-1), '-': () => zoom(1), Escape: () => freeze(null)};

document.addEventListener('keydown', event => {
  const onControl = event.target.closest('button, a, pre') !== null;
  if (event.ctrlKey || event.altKey || event.metaKey || !KEYS[event.key] || (onControl && event.key === ' ')) return;
  event.preventDefault();
  KEYS[event.key]();
});
$('freeze').onclick = toggle;
$('back').onclick = () => step(-1);
$('forward').onclick = () => step(1);
$('closer').onclick = () => zoom(-1);
$('wider').onclick = () => zoom(1);
$('save').onclick = save;
$('timeline').onclick = event => {
  const found = scope.timeline.at(event.offsetX, event.offsetY);
  if (found) select(found);
};
for (const button of document.querySelectorAll('[data-view]')) button.onclick = () => connect(button.dataset.view);
for (const button of document.querySelectorAll('[data-experiment]')) {
  button.onclick = () => propose(button.dataset.experiment);
  button.disabled = document.body.dataset.may !== 'yes';
}
for (const button of document.querySelectorAll('[data-control]')) {
  button.onclick = async () => {
    const result = await post('/loop/specimen', {do: button.dataset.control});
    if (typeof result === 'string') say(result);
  };
  button.disabled = document.body.dataset.may !== 'yes';
}

// A page that was left may be kept for the way back, with its connection.
addEventListener('pagehide', () => scope.stream?.close());
addEventListener('pageshow', event => { if (event.persisted) connect(scope.view); });

let drawnAt = 0;
function frame(time) {
  if (scope.frozen === null && time - drawnAt > (calm.matches ? 500 : 40)) {
    drawnAt = time;
    redraw();
  }
  requestAnimationFrame(frame);
}
connect('live');
requestAnimationFrame(frame);
