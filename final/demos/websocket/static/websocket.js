const find = id => document.getElementById(id);

function show(message) {
  if (find('m' + message.id)) return;
  const item = document.createElement('li');
  const from = document.createElement('span');
  item.id = 'm' + message.id;
  from.className = 'from';
  from.textContent = message.from;
  item.append(from, message.text);
  find('messages').append(item);
  item.scrollIntoView();
}

function connect() {
  const scheme = location.protocol === 'https:' ? 'wss://' : 'ws://';
  const socket = new WebSocket(scheme + location.host + '/chatsocket');
  socket.onopen = () => find('state').textContent = 'connected';
  socket.onmessage = event => JSON.parse(event.data).messages.forEach(show);
  socket.onclose = () => {
    find('state').textContent = 'disconnected, trying again';
    setTimeout(connect, 1000);
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
