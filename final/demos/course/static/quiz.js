// Counts the questions that were answered right on the first try. The quiz also works without this script.
'use strict';

const questions = [...document.querySelectorAll('.question')];
const firstChoice = new Map();  // question -> whether the first answer opened was right

function show() {
  const right = [...firstChoice.values()].filter(Boolean).length;
  const total = questions.length;
  document.getElementById('score').textContent = firstChoice.size === total
    ? `Right on the first try: ${right} of ${total}.`
    : `Right on the first try: ${right} of ${firstChoice.size} so far.`;
}

for (const question of questions) {
  for (const answer of question.querySelectorAll('.answer')) {
    answer.addEventListener('toggle', () => {
      if (!answer.open || firstChoice.has(question)) return;
      firstChoice.set(question, answer.dataset.right === 'yes');
      show();
    });
  }
}
