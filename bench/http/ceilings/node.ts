/** Nothing but `node:http`: reads a body to its end, and answers the same whatever it is, with the headers of Vitrine. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { body, headers } from './fixed.ts';

const server = createServer((request, response) => {
  request.resume().once('end', () => {
    response.writeHead(200, { ...headers, 'content-length': body.length }).end(body);
  });
});
server.listen(0, '127.0.0.1', () => {
  console.log(`listening: http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
