// What every page does with a script. All of it works without: this adds comfort.

// ---- / begins a search

addEventListener('keydown', event => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.('input, textarea, [contenteditable]')) return;
  const field = document.querySelector('.find input');
  if (!field) return;
  event.preventDefault();
  field.focus();
});

// ---- copy buttons: commands without their "$ ", code as it is

const isCommands = code => /^\$ /m.test(code.textContent);

function copied(code) {
  if (!isCommands(code)) return code.textContent;
  const lines = code.textContent.split('\n').filter(line => line.startsWith('$ '));
  return lines.map(line => line.slice(2)).join('\n') + '\n';
}

for (const box of navigator.clipboard ? document.querySelectorAll('.code') : []) {
  const button = document.createElement('button');
  button.className = 'copy';
  button.textContent = 'Copy';
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(copied(box.querySelector('code')));
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  });
  box.append(button);
}

// ---- the sidebar: where the reader is

const entries = new Map();
for (const link of document.querySelectorAll('#side .here a')) {
  const heading = document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (heading) entries.set(heading, link);
}

function markHeading() {
  let current = null;
  for (const heading of entries.keys()) {
    if (heading.getBoundingClientRect().top > innerHeight / 3) break;
    current = heading;
  }
  for (const [heading, link] of entries) {
    if (heading === current) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
}

if (entries.size) {
  let waiting = false;
  addEventListener('scroll', () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; markHeading(); });
  }, {passive: true});
  markHeading();
  document.querySelector('#side .here').addEventListener('click', () => document.getElementById('side').hidePopover?.());
}

// ---- a drawing fills the window on a tap; Esc or another tap closes it

for (const link of document.querySelectorAll('.drawing .zoom')) {
  link.addEventListener('click', event => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const dialog = document.createElement('dialog');
    dialog.className = 'zoomed';
    dialog.append(link.querySelector('svg').cloneNode(true));
    dialog.addEventListener('click', () => dialog.close());
    dialog.addEventListener('close', () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  });
}

// ---- predictions: the answer unfolds once the reader has committed to one, a choice if the question offers some

const page = location.pathname;

function reveal(answer, own, form) {
  const said = document.createElement('p');
  said.textContent = `You said: ${own}`;
  form.replaceWith(said);
  answer.hidden = false;
}

function formOf(answer) {
  const form = document.createElement('form');
  form.className = 'predict-own';
  const choices = answer.previousElementSibling?.matches('.choices') ? answer.previousElementSibling : null;
  if (!choices) {
    form.innerHTML = '<input name="own" aria-label="Your prediction" placeholder="Your prediction" required autocomplete="off"><button class="button">Commit</button>';
    answer.before(form);
    return form;
  }
  for (const choice of choices.children) {
    const button = document.createElement('button');
    button.className = 'button';
    button.name = 'own';
    button.value = choice.textContent.trim();
    button.innerHTML = choice.innerHTML;
    form.append(button);
  }
  choices.replaceWith(form);
  return form;
}

for (const answer of document.querySelectorAll('.predict')) {
  const key = `${answer.id} ${page}`;
  const form = formOf(answer);
  const earlier = localStorage.getItem(key);
  if (earlier !== null) {
    reveal(answer, earlier, form);
    continue;
  }
  answer.hidden = true;
  form.addEventListener('submit', event => {
    event.preventDefault();
    const own = new FormData(form, event.submitter).get('own').trim();
    if (!own) return;
    localStorage.setItem(key, own);
    reveal(answer, own, form);
    answer.open = true;
  });
}

// ---- what was read last, for the map

if (page.startsWith('/chapters/') && document.querySelector('article')) {
  localStorage.setItem('last read', JSON.stringify({url: page, title: document.querySelector('h1').textContent.trim()}));
}
