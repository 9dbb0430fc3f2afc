-- wrk script: POST requests with a body of one byte.
wrk.method = "POST"
wrk.body = "x"
