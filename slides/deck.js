const slides = [...document.querySelectorAll('section')];
const help = document.querySelector('dialog');
const isPaged = () => matchMedia('(min-width: 50rem)').matches;
const asked = () => (parseInt(location.hash.slice(1)) || 1) - 1;
const current = () => slides.findIndex(slide => slide.classList.contains('shown'));

// Shows a slide, and says so in the address without adding to the history.
function show(number) {
  const at = Math.max(0, Math.min(slides.length - 1, number));
  slides.forEach((slide, i) => slide.classList.toggle('shown', i === at));
  if (asked() !== at || !location.hash) history.replaceState(null, '', `#${at + 1}`);
}

function fit() {
  document.body.style.setProperty('--scale', Math.min(innerWidth / 1280, innerHeight / 720));
}

const keys = {
  ArrowRight: () => show(current() + 1),
  PageDown: () => show(current() + 1),
  ' ': () => show(current() + 1),
  ArrowLeft: () => show(current() - 1),
  PageUp: () => show(current() - 1),
  Home: () => show(0),
  End: () => show(slides.length - 1),
  n: () => document.body.classList.toggle('notes'),
  '?': () => help.showModal(),
  Escape: () => document.querySelector('.ways a')?.click(),
};

addEventListener('keydown', event => {
  if (!isPaged() || help.open || event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.('button, a') && event.key === ' ') return;
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
addEventListener('click', event => {
  if (!isPaged() || event.target.closest('a, button, dialog') || !getSelection().isCollapsed) return;
  show(current() + (event.clientX < innerWidth / 3 ? -1 : 1));
});
document.querySelector('.ways button').addEventListener('click', () => help.showModal());
addEventListener('hashchange', () => show(asked()));
addEventListener('resize', fit);
document.documentElement.classList.add('paged');
fit();
const first = asked();
show(first);
if (!isPaged() && first) slides[first]?.scrollIntoView();
// Opened as a file, the deck has no site around it to go back to.
if (location.protocol === 'file:') document.querySelectorAll('.ways a').forEach(link => link.remove());
