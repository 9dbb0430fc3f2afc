// The strip on the map: one lane of the loop that serves the page, live, and a button that blocks it.
import {LoopModel} from './loop_model.js';
import {LoopStream} from './loop_stream.js';
import {Timeline} from './loop_draw.js';
import {ms} from './loop_words.js';

const SPAN = 4000;
const AGAIN = 'Trying again …';
const calm = matchMedia('(prefers-reduced-motion: reduce)');
const strip = document.getElementById('strip');
const canvas = strip.querySelector('canvas');
const button = strip.querySelector('button');
const said = strip.querySelector('output');
let stream = null;
let model = null;
let timeline = null;

// A page that nobody sees does not keep the loop at recording.
function connect() {
  stream?.close();
  stream = null;
  if (document.hidden) return;
  if (said.textContent.endsWith(AGAIN)) said.textContent = '';
  model = new LoopModel();
  timeline = new Timeline(canvas, model, ['loop', 'page heard']);
  stream = new LoopStream('live', model, reason => {
    said.textContent = `${reason || 'The connection to the loop has ended.'} ${AGAIN}`;
    setTimeout(connect, 5000);
  });
}

let drawnAt = 0;
function frame(time) {
  if (model?.base != null && time - drawnAt > (calm.matches ? 500 : 40)) {
    drawnAt = time;
    timeline.draw(Math.max(0, performance.now() - model.offset), SPAN, null, null);
    window.liveStrip = {model, timeline};  // for the tests, and for the curious
  }
  requestAnimationFrame(frame);
}

async function block() {
  const token = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/)?.[1] ?? '';
  const [watched, over, from] = [model, stream, model.now];
  const answer = await fetch('/loop/experiment', {method: 'POST', headers: {'X-XSRFToken': token}, body: new URLSearchParams({name: 'block'})});
  if (answer.status === 403) said.textContent = 'Only a browser on the server’s own machine may block it.';
  else if (answer.status === 409) said.textContent = 'Another reader blocks it just now.';
  else if (!answer.ok) said.textContent = `The server refused: ${answer.status}.`;
  else {
    await watched.reaches(performance.now(), over);
    if (!over?.isOpen) return;  // it saw nothing
    const silence = watched.longestSilence(from, Infinity);
    said.textContent = `This page heard nothing for ${ms(silence.t1 - silence.t0)}, and neither did any other reader.`;
  }
}

button.onclick = async () => {
  button.disabled = true;
  try {
    await block();
  } catch {
    said.textContent = 'The server does not answer.';
  }
  button.disabled = false;
};

strip.classList.add('alive');
document.addEventListener('visibilitychange', connect);
addEventListener('pagehide', () => stream?.close());
addEventListener('pageshow', event => { if (event.persisted) connect(); });
connect();
requestAnimationFrame(frame);
