// The race: three servers get the same requests, and a mark is set for each response when it has come.
import {many, ms} from './loop_words.js';

const SERVERS = ['One at a time (chapter 01)', 'A thread for each client (chapter 01)', 'The loop'];
const REQUESTS = 64;

export class Race {
  constructor(box) {
    this.box = box;
    this.lanes = SERVERS.map(name => {
      const lane = document.createElement('li');
      const [label, track, time] = [document.createElement('b'), document.createElement('span'), document.createElement('span')];
      label.textContent = name;
      track.className = 'track';
      track.append(...Array.from({length: REQUESTS}, () => document.createElement('i')));
      time.className = 'time';
      lane.append(label, track, time);
      return {lane, marks: track.children, time};
    });
    const list = document.createElement('ol');
    list.append(...this.lanes.map(one => one.lane));
    box.append(list);
  }

  hide() {
    this.box.hidden = true;
  }

  // Starts the race and shows it. Returns what has come: for each server {seconds, failed, threads}. `post` asks the server.
  run(post, loop) {
    for (const {marks, time} of this.lanes) {
      for (const mark of marks) mark.className = '';
      time.textContent = 'waiting';
    }
    this.box.hidden = false;
    this.servers = SERVERS.map(() => ({seconds: [], failed: 0, threads: new Set()}));
    return post('/loop/race', {loop}, answer => this.read(answer.body.pipeThrough(new TextDecoderStream())));
  }

  async read(stream) {
    let rest = '';
    for (const reader = stream.getReader(); ;) {
      const {value, done} = await reader.read();
      if (done) return this.servers;
      const lines = (rest + value).split('\n');
      rest = lines.pop();
      for (const line of lines) this.arrived(JSON.parse(line));
    }
  }

  arrived({server, seconds, failed, thread}) {
    const one = this.servers[server];
    const {marks, time} = this.lanes[server];
    const count = one.seconds.length + one.failed;
    if (failed) ++one.failed;
    else {
      one.seconds.push(seconds);
      one.threads.add(thread);
    }
    if (marks[count]) marks[count].className = failed ? 'failed' : 'come';
    time.textContent = count + 1 < REQUESTS ? `${count + 1} of ${REQUESTS}` : this.total(one);
  }

  total(one) {
    const failed = one.failed > 0 ? `, ${one.failed} failed` : '';
    if (one.seconds.length === 0) return `no time${failed}`;
    return `${ms(Math.max(...one.seconds) * 1000)} with ${many(one.threads.size, 'thread')}${failed}`;
  }

  says(servers) {
    const [one, each, loop] = servers.map(server => this.total(server));
    return `one at a time took ${one}, a thread for each client ${each}, the loop ${loop}`;
  }
}
