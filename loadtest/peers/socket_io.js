// A relay on Socket.IO, as its documentation would have it: rooms and acknowledgements, and with an address of Redis its
// adapter, which takes every text through Redis. Decides nothing, stores nothing.
"use strict";
const { createServer } = require("node:http");
const { Server } = require("socket.io");

async function main(port, redis) {
  const options = { transports: ["websocket"], perMessageDeflate: false, serveClient: false };
  if (redis !== undefined) {
    const { createAdapter } = require("@socket.io/redis-adapter");
    const { createClient } = require("redis");
    const [publish, subscribe] = [createClient({ url: redis }), createClient({ url: redis })];
    await Promise.all([publish.connect(), subscribe.connect()]);
    options.adapter = createAdapter(publish, subscribe);
  }
  const http = createServer();
  const io = new Server(http, options);
  io.on("connection", (socket) => {
    let room;
    socket.on("join", async (join, done) => {
      if (join.visitor === undefined) {
        const rooms = join.serves.map((visitor) => `v${visitor}`);
        if (join.room !== null && join.room !== undefined) rooms.push(`r${join.room}`);
        await socket.join(rooms);
      } else {
        room = join.room === null || join.room === undefined ? `v${join.visitor}` : `r${join.room}`;
      }
      done();
    });
    socket.on("send", (text, done) => {
      io.to(room).emit("send", text);
      done();
    });
  });
  http.listen({ host: "127.0.0.1", port, backlog: 4096 });
}

main(Number(process.argv[2]), process.argv[3]);
