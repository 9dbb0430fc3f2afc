// Internal header: the chat's page.
#pragma once

inline constexpr char kPage[] = R"page(<!DOCTYPE html>
<html lang="en">
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Chat</title>
<link rel="icon" href="data:,">
<style>
  :root { color-scheme: light dark; --line: #ccc; --card: #fff; --ground: #f6f6f4; --text: #222;
          --name: #05a; --quiet: #666; }
  @media (prefers-color-scheme: dark) {
    :root { --line: #444; --card: #26282b; --ground: #17181a; --text: #e4e4e0; --name: #8bf;
            --quiet: #aaa; }
  }
  * { box-sizing: border-box; }
  body { display: flex; flex-direction: column; min-height: 100dvh; margin: 0 auto;
         max-width: 40rem; padding: 1rem 1rem 0; font: 1rem/1.5 system-ui, sans-serif;
         color: var(--text); background: var(--ground); }
  h1 { font-size: 1.3rem; margin: 0; }
  #state { color: var(--quiet); font-size: .9rem; margin: 0; }
  #inbox { flex: 1; list-style: none; margin: .5rem 0; padding: 0; }
  #inbox li { background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
              margin: .5rem 0; padding: .4rem .7rem; overflow-wrap: anywhere; }
  #inbox b { color: var(--name); display: block; font-size: .9rem; }
  form { display: flex; flex-wrap: wrap; gap: .5rem; position: sticky; bottom: 0;
         background: var(--ground); padding: .5rem 0 1rem; }
  input, button { font: inherit; min-height: 2.75rem; padding: 0 .7rem; border-radius: .5rem;
                  border: 1px solid var(--line); color: inherit; background: var(--card); }
  #from { flex: 1 1 7rem; min-width: 0; }
  #body { flex: 3 1 14rem; min-width: 0; }
  button { color: #fff; background: #05a; border-color: #05a; }
</style>
<h1>Chat</h1>
<p id="state" role="status">connecting</p>
<ul id="inbox" aria-live="polite"></ul>
<form id="messageform">
  <input id="from" autocomplete="nickname" aria-label="Your name" placeholder="Your name" maxlength="25">
  <input id="body" autocomplete="off" aria-label="Message" placeholder="Say something" maxlength="500">
  <button>Send</button>
</form>
<script>
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
</script>
)page";
