const events = new EventSource('/events');
events.addEventListener('count', event => {
  document.getElementById('count').textContent = event.data;
});
document.getElementById('press').onclick = () => fetch('/press', {method: 'POST'});
