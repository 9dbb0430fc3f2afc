const find = id => document.getElementById(id);
const name = 'guest ' + Math.floor(1000 + Math.random() * 9000);
let cursor = 0;

function show(message) {
  const item = document.createElement('li');
  const from = document.createElement('span');
  from.className = 'from';
  from.textContent = message.from;
  item.append(from, message.text);
  find('messages').append(item);
  item.scrollIntoView();
  cursor = message.id;
}

function receive(update) {
  if (update.messages) update.messages.forEach(show);
  if (update.error) {
    find('state').textContent = 'not sent: ' + update.error;
    find('text').value = update.text;
  }
}

function connect() {
  const scheme = location.protocol === 'https:' ? 'wss://' : 'ws://';
  const query = new URLSearchParams({name, cursor});
  const socket = new WebSocket(scheme + location.host + '/chatsocket?' + query);
  socket.onopen = () => find('state').textContent = 'connected';
  socket.onmessage = event => receive(JSON.parse(event.data));
  socket.onclose = () => {
    find('state').textContent = 'disconnected, trying again';
    setTimeout(connect, 500 + Math.random() * 1000);
  };
  find('form').onsubmit = event => {
    event.preventDefault();
    const text = find('text').value.trim();
    if (!text || socket.readyState !== WebSocket.OPEN) return;
    socket.send(JSON.stringify({text}));
    find('text').value = '';
  };
}

connect();
