// A thread of the page's own. It keeps the WebSocket and notes when each message came: the page's thread, which draws,
// would notice a message late.
const clock = () => performance.timeOrigin + performance.now();  // both threads have this clock

onmessage = ({data: url}) => {
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  socket.onmessage = ({data}) => {
    if (typeof data === 'string') postMessage({names: JSON.parse(data).names});
    else postMessage({batch: data, arrived: clock()}, [data]);
  };
  socket.onclose = event => postMessage({closed: event.reason});
};
