-- wrk script: every connection sends its requests in rows of 16 and only then waits for the answers.
-- The row is built once: string work per request would make wrk itself the bottleneck.
local row

function init(arguments)
  local one = wrk.format("GET", wrk.path)
  row = string.rep(one, 16)
end

function request()
  return row
end
