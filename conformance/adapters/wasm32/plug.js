// Speaks the protocol of conformance/README.md for the machine as WebAssembly: `node plug.js MODULE.wasm`.
'use strict';

const fs = require('node:fs');

// A memory never shrinks. One that has grown so far is left for a new one, or a run after a large one finds no room.
const MOST_BYTES = 256 * 1024 * 1024;

const module_ = new WebAssembly.Module(fs.readFileSync(process.argv[2]));
let machine = start();

function start() {
  return new WebAssembly.Instance(module_, {}).exports;
}

// Addresses are signed where JavaScript sees them.
function bytes(address, length) {
  return Buffer.from(machine.memory.buffer, address >>> 0, length >>> 0);
}

function say(length) {
  process.stdout.write(Buffer.concat([bytes(machine.text(), length), Buffer.from('\n')]));
}

// A trap ends the process with the reason on standard error: the harness calls that a crash.
function respond(line) {
  const address = machine.request(line.length);
  line.copy(bytes(address, line.length));
  say(machine.answer());
  if (machine.memory.buffer.byteLength > MOST_BYTES) machine = start();
}

say(machine.handshake());
let pieces = [];
process.stdin.on('data', (data) => {
  for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10)) {
    respond(Buffer.concat([...pieces, data.subarray(0, end)]));
    pieces = [];
    data = data.subarray(end + 1);
  }
  pieces.push(data);
});
