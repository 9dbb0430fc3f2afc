// A WebSocket peer on npm's ws, for test_websocket_peers.py: as peer.py.
//
//   peer.js serve deflate|plain        peer.js talk deflate|plain URL
'use strict';
const {WebSocket, WebSocketServer} = require('ws');

const LINES = ['', 'text', 'grüße, 😀', 'x'.repeat(125), 'x'.repeat(126), 'long '.repeat(30000), Buffer.alloc(0),
               Buffer.alloc(80000, 0xff), 'again', 'again'];
// Small messages too: ws would send those under 1 KiB as they are.
const DEFLATE = {threshold: 0};

function serve(deflate) {
  const server = new WebSocketServer({host: '127.0.0.1', port: 0, perMessageDeflate: deflate && DEFLATE}, () =>
    console.log(`listening on http://127.0.0.1:${server.address().port}`));
  server.on('connection', socket => socket.on('message', (data, binary) => socket.send(data, {binary})));
}

function talk(deflate, url) {
  const socket = new WebSocket(url, {perMessageDeflate: deflate && DEFLATE});
  let at = 0;
  const next = () => at < LINES.length ? socket.send(LINES[at]) : socket.ping('?');
  socket.on('open', next);
  socket.on('message', (data, binary) => {
    if (binary !== Buffer.isBuffer(LINES[at]) || !data.equals(Buffer.from(LINES[at]))) throw new Error(`echo of line ${at}`);
    ++at;
    next();
  });
  socket.on('pong', () => socket.close(4000, 'done'));
  socket.on('close', code => console.log(JSON.stringify({extensions: socket.extensions, code})));
}

const [job, kind, url] = process.argv.slice(2);
({serve, talk})[job](kind === 'deflate', url);
