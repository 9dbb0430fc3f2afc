// The stream of what a loop has recorded, into a model.

export class LoopStream {
  isOpen = true;

  // Opens the stream of that view. If the server closes it, calls `onclose` with the reason, which may be empty.
  constructor(view, model, onclose = () => {}) {
    this.worker = new Worker(new URL('loop_worker.js', import.meta.url));
    this.worker.onmessage = ({data}) => {
      if (data.names) model.addNames(data.names);
      else if (data.batch) model.addBatch(data.batch, data.arrived - performance.timeOrigin);
      else {
        this.isOpen = false;
        onclose(data.closed);
      }
    };
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    this.worker.postMessage(`${scheme}://${location.host}/loop/stream/${view}`);
  }

  // Takes effect at once, with the connection: a page that is kept for the way back freezes a worker that still has something to do.
  close() {
    this.isOpen = false;
    this.worker.terminate();
  }
}
