// A bare relay on ws: forwards a visitor's text to their agent, or to all who watch a room, and acknowledges it. Decides
// nothing, stores nothing.
"use strict";
const { WebSocketServer } = require("ws");

const serving = new Map();
const watching = new Map();
const ACK = '{"type":"reply","ok":true}';

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: Number(process.argv[2]),
  backlog: 4096,
  perMessageDeflate: false,
});

server.on("connection", (socket) => {
  socket.on("error", () => socket.terminate());
  socket.once("message", (first) => {
    const join = JSON.parse(first.toString());
    socket.send(`{"type":"reply","id":${join.id},"ok":true}`);
    if (join.visitor === undefined) serve(socket, join);
    else if (join.room === null || join.room === undefined) forward(socket, () => one(serving.get(join.visitor)));
    else forward(socket, () => watching.get(join.room) ?? []);
  });
});

const one = (agent) => (agent === undefined ? [] : [agent]);

function serve(socket, join) {
  for (const visitor of join.serves) serving.set(visitor, socket);
  if (join.room === null || join.room === undefined) return;
  const all = watching.get(join.room) ?? new Set();
  watching.set(join.room, all.add(socket));
  socket.on("close", () => all.delete(socket));
}

function forward(socket, readers) {
  socket.on("message", (text) => {
    const frame = text.toString();
    for (const reader of readers()) reader.send(frame);
    socket.send(ACK);
  });
}
