// An exercise's page shows its tests while `make watch` or `make exercise` runs them in a terminal. The address of the
// reports is the panel's data-live.

const panel = document.querySelector('[data-live]');
const SAYS = {building: 'Building …', broken: 'It does not compile yet: the terminal says why.', running: 'Running the tests …'};

function says(report) {
  if (report.state !== 'done') return SAYS[report.state] ?? '';
  const passed = report.tests.filter(test => test.passed).length;
  return `${passed} of ${report.total} tests pass`;
}

function show(report) {
  if (!report) return;
  panel.hidden = false;
  panel.querySelector('p').textContent = says(report);
  panel.querySelector('ul').replaceChildren(...(report.tests ?? []).map(test => {
    const line = document.createElement('li');
    const running = test.passed === null;
    line.className = running ? '' : test.passed ? 'passed' : 'failed';
    line.textContent = `${running ? '…' : test.passed ? '✓' : '✗'} ${test.name}`;
    return line;
  }));
}

// A page that nobody sees holds no connection: a browser has six for a site.
let events = null;
function connect() {
  events?.close();
  events = null;
  if (document.hidden) return;
  events = new EventSource(panel.dataset.live);
  events.onmessage = event => show(JSON.parse(event.data));
}
document.addEventListener('visibilitychange', connect);
connect();
