// Hello world on Node's http: node node.js PORT
const http = require("node:http");

const server = http.createServer((request, response) => response.end("Hello, world"));
server.keepAliveTimeout = 300_000;
server.listen({ host: "127.0.0.1", port: Number(process.argv[2]), backlog: 4096 });
