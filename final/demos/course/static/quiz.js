// Counts the questions that were answered right on the first try, and keeps the result for the map. The quiz also works
// without this script.

const questions = [...document.querySelectorAll('.question')];
const number = document.querySelector('.quiz').dataset.quiz;
const firstChoice = new Map();  // question -> whether the first answer opened was right

function show() {
  const right = [...firstChoice.values()].filter(Boolean).length;
  const total = questions.length;
  const isComplete = firstChoice.size === total;
  document.getElementById('score').textContent = isComplete
    ? `Right on the first try: ${right} of ${total}.`
    : `Right on the first try: ${right} of ${firstChoice.size} so far.`;
  if (isComplete) localStorage.setItem(`quiz ${number}`, `${right}/${total}`);
}

const earlier = localStorage.getItem(`quiz ${number}`);
if (earlier) document.getElementById('score').textContent = `Last time: ${earlier}.`;

for (const question of questions) {
  for (const answer of question.querySelectorAll('.answer')) {
    answer.addEventListener('toggle', () => {
      if (!answer.open || firstChoice.has(question)) return;
      firstChoice.set(question, answer.dataset.right === 'yes');
      show();
    });
  }
}
