// Internal header: the page with the counter.
#pragma once

inline constexpr char kPage[] = R"page(<!DOCTYPE html>
<html lang="en">
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Counter</title>
<link rel="icon" href="data:,">
<style>
  :root { color-scheme: light dark; }
  body { margin: 0 auto; max-width: 30rem; padding: 2rem 1rem; text-align: center;
         font: 1rem/1.5 system-ui, sans-serif; }
  #count { display: block; font-size: 5rem; font-variant-numeric: tabular-nums; }
  button { font: inherit; min-height: 2.75rem; padding: 0 1.5rem; }
</style>
<output id="count">&hellip;</output>
<p><button id="press">One more</button></p>
<p><a href="/squares/100000.csv" download>A hundred thousand squares</a></p>
<script>
  const events = new EventSource('/events');
  events.addEventListener('count', event => {
    document.getElementById('count').textContent = event.data;
  });
  document.getElementById('press').onclick = () => fetch('/press', {method: 'POST'});
</script>
)page";
