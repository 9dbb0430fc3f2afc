// Internal header: the chat's page.
#pragma once

inline constexpr char kPage[] = R"page(<!DOCTYPE html>
<html lang="en">
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Chat</title>
<link rel="icon" href="data:,">
<style>
  body { margin: 0 auto; max-width: 40rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif;
         color: #222; background: #fafafa; }
  h1 { font-size: 1.3rem; margin: 0 0 .5rem; }
  #state { color: #666; font-size: .9rem; }
  #messages { list-style: none; margin: 1rem 0; padding: 0; }
  #messages li { background: #fff; border: 1px solid #ddd; border-radius: .4rem; margin: .4rem 0;
                 padding: .4rem .7rem; overflow-wrap: anywhere; }
  #messages .from { color: #06c; font-weight: 600; margin-right: .5rem; }
  form { display: flex; gap: .5rem; position: sticky; bottom: 0; background: #fafafa;
         padding: .5rem 0; }
  input { flex: 1; font: inherit; padding: .4rem .6rem; min-width: 0; }
  button { font: inherit; padding: .4rem 1rem; }
</style>
<h1>Chat</h1>
<p id="state">connecting</p>
<ul id="messages" aria-live="polite"></ul>
<form id="form">
  <input id="text" autocomplete="off" aria-label="Message" placeholder="Say something" maxlength="500">
  <button>Send</button>
</form>
<script>
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
</script>
)page";
