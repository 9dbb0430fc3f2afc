const find = id => document.getElementById(id);
let cursor = 0;

async function post(path, fields) {
  const token = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/);
  const answer = await fetch(path, {method: 'POST', body: new URLSearchParams(fields),
                                    headers: {'X-Xsrftoken': token ? token[1] : ''}});
  if (!answer.ok) throw new Error(answer.status + ' ' + answer.statusText);
  return answer.json();
}

function show(message) {
  const item = document.createElement('li');
  const from = document.createElement('b');
  from.textContent = message.from;
  item.append(from, message.body);
  find('inbox').append(item);
  item.scrollIntoView({block: 'end'});
  cursor = message.id;
}

async function poll() {
  for (let pause = 500;;) {
    try {
      const answer = await post('a/message/updates', {cursor});
      answer.messages.forEach(show);
      find('state').textContent = '';
      pause = 500;
    } catch (error) {
      find('state').textContent = 'disconnected, trying again';
      await new Promise(resolve => setTimeout(resolve, pause));
      pause = Math.min(pause * 2, 30000);
    }
  }
}

find('messageform').onsubmit = async event => {
  event.preventDefault();
  const body = find('body').value.trim();
  if (!body) return;
  find('body').value = '';
  try {
    await post('a/message/new', {from: find('from').value, body});
  } catch (error) {
    find('state').textContent = 'not sent: ' + error.message;
    find('body').value = body;
  }
};

find('state').textContent = '';
poll();
