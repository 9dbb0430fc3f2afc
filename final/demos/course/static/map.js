// The map: what was read last, the scores of the quizzes, and the exercises as they are solved in a terminal.

function addOwn() {
  const resume = document.querySelector('.resume');
  const last = JSON.parse(localStorage.getItem('last read') ?? 'null');
  if (resume && last) {
    resume.href = last.url;
    resume.textContent = `Last read: ${last.title}`;
    resume.hidden = false;
  }
  for (const score of document.querySelectorAll('.score')) {
    score.textContent = localStorage.getItem(`quiz ${score.dataset.quiz}`) ?? '';
  }
}

async function renew() {
  const page = await (await fetch('/')).text();
  const fresh = new DOMParser().parseFromString(page, 'text/html');
  for (const part of ['.go', '.total', '.cards', '.final']) {
    const own = document.querySelector(part);
    const now = fresh.querySelector(part);
    if (own && now) own.replaceWith(now);
  }
  addOwn();
}

// A page that nobody sees holds no connection: a browser has six for a site.
let events = null;
function connect() {
  events?.close();
  events = null;
  if (document.hidden) return;
  let isFirst = true;  // says how things are, which the page shows already
  events = new EventSource('/live/map');
  events.onmessage = () => {
    if (!isFirst) renew();
    isFirst = false;
  };
}

addOwn();
document.addEventListener('visibilitychange', connect);
connect();
