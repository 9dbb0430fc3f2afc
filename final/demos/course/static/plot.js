// A table of measurements becomes a plot that answers: which figure, linear or logarithmic, and the values at a number of
// clients, beside theory. d3 (Debian's libjs-d3) draws it; without it, the page says so, and the drawing and the table stay.

const FIGURES = {'req/s': 'requests per second', p99: '99th percentile, ms', MB: 'memory, MB'};
const number = text => {
  const value = parseFloat(text?.replaceAll(',', ''));
  return Number.isNaN(value) ? null : value;
};
const cells = row => [...row.cells].map(cell => cell.textContent.trim());

// "| req/s; p99 ms; MB | 1 client | 16 clients |": a row for each server.
function byServer(head, rows) {
  const clients = head.slice(1).map(number);
  return {'': rows.map(([name, ...own]) => ({
    name,
    points: own.map((cell, i) => {
      const [rate, p99, mb] = cell.split(';').map(number);
      return {clients: clients[i], 'req/s': rate, p99, MB: mb};
    }),
  }))};
}

// "| handler | clients | one: req/s (theory), p99 ms |": a column for each server, a plot for each handler.
function byHandler(head, rows) {
  const plots = {};
  for (const handler of new Set(rows.map(row => row[0]))) {
    const own = rows.filter(row => row[0] === handler);
    plots[handler] = head.slice(2).map((title, i) => ({
      name: title.split(':')[0],
      points: own.map(row => {
        const [, rate, theory, p99] = row[i + 2].match(/^([\d.,]+|–) \(([\d.,]+|–)\), (.*)$/) ?? [];
        return {clients: number(row[1]), 'req/s': number(rate), theory: number(theory), p99: number(p99)};
      }),
    }));
  }
  return plots;
}

function readTable(table) {
  const [head, ...rows] = [...table.rows].map(cells);
  if (/^req\/s; p99 ms; MB$/.test(head[0])) return byServer(head, rows);
  if (head[0] === 'handler' && head[1] === 'clients' && /req\/s \(theory\)/.test(head[2] ?? '')) return byHandler(head, rows);
  return null;
}

function choice(name, label, options) {
  return `<label>${label} <select name="${name}">${options.map(([value, text]) => `<option value="${value}">${text}</option>`).join('')}</select></label>`;
}

const WIDTH = 720, HEIGHT = 300, LEFT = 64, BOTTOM = 40;
const COLOURS = ['#a33c00', '#33519c', '#2f7d4f', '#7a4fa3', '#c2185b', '#17807e', '#8a6100', '#5f8f2f', '#6d6d64', '#1d2433'];

function draw(d3, figure, series, key, isLog, at) {
  const points = series.flatMap(one => one.points.filter(point => point[key] > 0).map(point => ({...point, series: one})));
  const counts = [...new Set(points.map(point => point.clients))].sort((a, b) => a - b);
  const x = d3.scale.log().domain(d3.extent(counts)).range([LEFT, WIDTH - 20]);
  const y = (isLog ? d3.scale.log() : d3.scale.linear()).range([HEIGHT - BOTTOM, 15])
    .domain([isLog ? d3.min(points, point => point[key]) : 0, d3.max(points, point => point[key])]);
  const svg = d3.select(figure).select('svg');
  svg.selectAll('*').remove();
  svg.append('title').text(`${FIGURES[key]} against the number of clients`);
  for (const tick of isLog ? y.ticks().filter(one => Number.isInteger(Math.log10(one))) : y.ticks(5)) {
    svg.append('line').attr({x1: LEFT, x2: WIDTH - 20, y1: y(tick), y2: y(tick), stroke: '#ddd8c8'});
    svg.append('text').attr({x: LEFT - 6, y: y(tick) + 4, 'text-anchor': 'end'}).text(tick.toLocaleString('en'));
  }
  for (const count of counts) {
    svg.append('text').attr({x: x(count), y: HEIGHT - BOTTOM + 18, 'text-anchor': 'middle'}).text(count.toLocaleString('en'));
  }
  svg.append('text').attr({x: (LEFT + WIDTH) / 2, y: HEIGHT - 4, 'text-anchor': 'middle'}).text('clients');
  svg.append('line').attr({x1: x(at), x2: x(at), y1: 15, y2: HEIGHT - BOTTOM, stroke: '#8a8a80', 'stroke-dasharray': '4 4'});
  const line = d3.svg.line().x(point => x(point.clients)).y(point => y(point[key]));
  series.forEach((one, i) => {
    const own = one.points.filter(point => point[key] > 0);
    const colour = COLOURS[i % COLOURS.length];
    svg.append('path').attr({d: line(own), fill: 'none', stroke: colour, 'stroke-width': 2});
    svg.selectAll(null).data(own).enter().append('circle')
      .attr({cx: point => x(point.clients), cy: point => y(point[key]), r: 4, fill: colour})
      .append('title').text(point => `${one.name}: ${point[key].toLocaleString('en')} with ${point.clients.toLocaleString('en')} clients`);
  });
  return counts;
}

// "threads: 887, theory 1,000" for each server, at one number of clients.
function values(series, key, at) {
  return series.map((one, i) => {
    const point = one.points.find(other => other.clients === at);
    const line = document.createElement('li');
    const theory = key === 'req/s' && point?.theory ? `, theory ${point.theory.toLocaleString('en')}` : '';
    line.innerHTML = `<svg width="12" height="12" aria-hidden="true"><rect width="12" height="12" rx="3" fill="${COLOURS[i % COLOURS.length]}"/></svg> `;
    line.append(`${one.name}: ${point?.[key]?.toLocaleString('en') ?? '–'}${theory}`);
    return line;
  });
}

function build(d3, table, plots) {
  const names = Object.keys(plots);
  const keys = Object.keys(FIGURES).filter(key => plots[names[0]].some(one => one.points.some(point => point[key] > 0)));
  const figure = document.createElement('figure');
  figure.className = 'plot';
  figure.innerHTML = `<form>${names.length > 1 ? choice('handler', 'The handler', names.map(name => [name, name])) : ''}
    ${choice('key', 'Figure', keys.map(key => [key, FIGURES[key]]))}
    <label><input type="checkbox" name="log" checked> logarithmic</label>
    <label>Clients <input type="range" name="at" min="0" step="1"></label></form>
    <div class="drawing" tabindex="0"><svg role="img" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-size="13"></svg></div>
    <p role="status"></p><ul></ul>`;
  (table.closest('.scroll') ?? table).after(figure);
  const form = figure.querySelector('form');
  let counts = [...new Set(plots[names[0]][0].points.map(point => point.clients))];
  form.at.max = counts.length - 1;
  form.at.value = counts.length - 1;
  const update = () => {
    const series = plots[form.handler?.value ?? names[0]];
    const at = counts[form.at.value];
    draw(d3, figure, series, form.key.value, form.log.checked, at);
    figure.querySelector('p').textContent = `With ${at.toLocaleString('en')} ${at === 1 ? 'client' : 'clients'}, ${FIGURES[form.key.value]}:`;
    figure.querySelector('ul').replaceChildren(...values(series, form.key.value, at));
  };
  form.addEventListener('input', update);
  form.addEventListener('submit', event => event.preventDefault());
  update();
}

const tables = [...document.querySelectorAll('article table')].map(table => [table, readTable(table)]).filter(([, plots]) => plots);
if (tables.length) {
  const script = document.createElement('script');
  script.src = '/javascript/d3.min.js';
  script.addEventListener('load', () => tables.forEach(([table, plots]) => build(window.d3, table, plots)));
  script.addEventListener('error', () => tables.forEach(([table]) => {
    const note = document.createElement('p');
    note.className = 'quiet';
    note.textContent = 'With Debian’s package libjs-d3 installed, a plot of this table would answer questions here.';
    (table.closest('.scroll') ?? table).after(note);
  }));
  document.head.append(script);
}
