// The library of the administration pages, as a page would use it: its generated clients over grpc-web, in Node.
// Asked line by line: {"call": "Sessions.listSessions", "args": [request, {metadata}, limit]}; a stream answers its
// first `limit` messages, or all of them.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import path from 'node:path';

const [folder, host, format] = process.argv.slice(2);
const near = createRequire(path.join(folder, 'package.json'));
const module = (...parts) => import(pathToFileURL(path.join(folder, 'node_modules', ...parts)));

globalThis.XMLHttpRequest = near('xmlhttprequest').XMLHttpRequest;  // Node has none, and grpc-web speaks through it
await module('@angular/compiler/fesm2022/compiler.mjs');  // Libraries are published half compiled
const api = await module('@aneoconsultingfr/armonik.api.angular/fesm2022/aneoconsultingfr-armonik.api.angular.mjs');
const { GrpcHandler } = await module('@ngx-grpc/core/fesm2020/ngx-grpc-core.mjs');
const { GrpcMetadata } = await module('@ngx-grpc/common/fesm2020/ngx-grpc-common.mjs');
const { GrpcWebClientFactory } = await module('@ngx-grpc/grpc-web-client/fesm2020/ngx-grpc-grpc-web-client.mjs');

const factory = new GrpcWebClientFactory({ host, format });
const clients = new Map();

function clientOf(service) {
  if (!clients.has(service)) {
    clients.set(service, new api[`${service}Client`](undefined, factory, new GrpcHandler([])));
  }
  return clients.get(service);
}

function plain(value) {
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('latin1') };
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
  }
  return value;
}

function call(name, request, metadata = {}, limit = Infinity) {
  const [service, method] = name.split('.');
  const messages = [];
  return new Promise((resolve, reject) => {
    let stream;
    const finish = () => { resolve(messages); setImmediate(() => stream?.unsubscribe()); };
    stream = clientOf(service)[method](new api[request.type](request.value), new GrpcMetadata(metadata)).subscribe({
      next: (message) => { messages.push(plain(message.toObject())); if (messages.length === limit) finish(); },
      error: (failure) => reject(failure),
      complete: () => finish(),
    });
  });
}

const CODES = {3: 'INVALID_ARGUMENT', 5: 'NOT_FOUND', 7: 'PERMISSION_DENIED', 9: 'FAILED_PRECONDITION', 12: 'UNIMPLEMENTED',
  14: 'UNAVAILABLE', 16: 'UNAUTHENTICATED'};

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  let answer;
  try {
    answer = { answer: await call(asked.call, ...asked.args) };
  } catch (failure) {
    answer = { failure: { code: CODES[failure.statusCode] ?? String(failure.statusCode ?? failure.name),
      details: failure.statusMessage ?? String(failure.stack) } };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
