import { describe, expect, test } from 'vitest';
import { ask, Gate, type Gateway, ManualClock, send, start, Things, Wire } from './support.ts';

const readyz = 'GET /readyz HTTP/1.1\r\nHost: test\r\n';

/** A connection that was answered once, and on which a second request has come in as far as `begun`. */
async function keptAlive(gateway: Gateway, begun = ''): Promise<Wire> {
  const wire = new Wire(gateway.url).write(`GET /livez HTTP/1.1\r\nHost: test\r\n\r\n${begun}`);
  await wire.until('{"status":"ok"}');
  return wire;
}

describe('P7 degrades, never dies › close()', () => {
  test('lets requests under way finish, and closes their connections then', async () => {
    const gate = new Gate();
    const gateway = await start({ things: new Things().when('1', gate) });
    const asked = ask(gateway, '{ thing(id: 1) { id } }');
    await gate.reached;
    const closed = gateway.close();
    gate.open();
    const { status, headers, body } = await asked;
    expect([status, headers.connection]).toEqual([200, 'close']);
    expect(body).toEqual({ data: { thing: { id: '1' } } });
    await closed;
  });

  test('closes idle connections and takes no new ones while a request is under way', async () => {
    const gate = new Gate();
    const gateway = await start({ things: new Things().when('1', gate) });
    const idle = await keptAlive(gateway);
    const asked = ask(gateway, '{ thing(id: 1) { id } }');
    await gate.reached;
    const closed = gateway.close();
    await idle.closed;
    await expect(send(`${gateway.url}/livez`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    gate.open();
    expect((await asked).status).toBe(200);
    await closed;
  });

  test('turns /readyz to 503 at once', async () => {
    const gateway = await start();
    const wire = await keptAlive(gateway, readyz);
    const closed = gateway.close();
    wire.write('\r\n');
    await wire.closed;
    expect(wire.received).toMatch(/HTTP\/1\.1 503 .*connection: close.*"status":"unready"/is);
    await closed;
  });

  test('answers new requests on kept-alive connections with 503 and closes them', async () => {
    const gateway = await start();
    const wire = await keptAlive(gateway, 'GET /graphql?query={requestId} HTTP/1.1\r\nHost: test\r\n');
    const closed = gateway.close();
    wire.write('Content-Type: application/json\r\n\r\n');
    await wire.closed;
    expect(wire.received).toMatch(/HTTP\/1\.1 503 .*connection: close.*"detail":"This process is shutting down\."/is);
    expect(gateway.lines).toEqual([]);
    await closed;
  });

  test('answers, with 503, what a client sends before it can know that its connection is to be closed', async () => {
    const gateway = await start({ options: { lingerMs: 10_000 } });
    const wires = [await keptAlive(gateway), await keptAlive(gateway)];
    const closed = gateway.close();
    for (const wire of wires) wire.write(`${readyz}\r\n`);
    await Promise.all(wires.map((wire) => wire.closed));
    for (const { received } of wires) expect(received).toMatch(/HTTP\/1\.1 503 .*connection: close.*"unready"/is);
    await closed;
  });

  test('keeps idle connections open for as long as it lingers', async () => {
    const gateway = await start({ options: { lingerMs: 60 } });
    const idle = await keptAlive(gateway);
    const beganAtMs = performance.now();
    await Promise.all([gateway.close(), idle.closed]);
    expect(performance.now() - beganAtMs).toBeGreaterThan(59);
  });

  test('cuts off what is left after 15 s', async () => {
    const gate = new Gate();
    const clock = new ManualClock();
    const gateway = await start({
      things: new Things().when('1', gate),
      config: { requestTimeoutMs: 60_000 },
      options: { clock },
    });
    const asked = ask(gateway, '{ thing(id: 1) { id } }');
    await gate.reached;
    const closed = gateway.close();
    clock.advance(14_999);
    expect(await Promise.race([closed, send(`${gateway.url}/livez`).catch(() => 'still waiting')])).toBe(
      'still waiting',
    );
    clock.advance(1);
    await expect(asked).rejects.toThrow();
    await closed;
  });

  test('closes the admin port as well', async () => {
    const gateway = await start({ config: { adminPort: 0 } });
    await gateway.close();
    await expect(send(`${gateway.adminUrl}/metrics`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('called twice is one close', async () => {
    const gateway = await start();
    expect(gateway.close()).toBe(gateway.close());
    await gateway.close();
  });
});

describe('stopListening()', () => {
  test('takes no new connections, and goes on with those that are open until close()', async () => {
    const gateway = await start();
    const wire = await keptAlive(gateway);
    gateway.stopListening();
    await expect(send(`${gateway.url}/livez`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await wire.write(`${readyz}\r\n`).until('"status":"ok","checks"');
    const closed = gateway.close();
    wire.write(`${readyz}\r\n`);
    await wire.closed;
    expect(wire.received).toMatch(/HTTP\/1\.1 503 .*connection: close.*"unready"/is);
    await closed;
  });
});

test('listen leaves nothing behind when a port is taken', async () => {
  const other = await start();
  const taken = Number(new URL(other.url).port);
  const free = await start();
  const port = Number(new URL(free.url).port);
  await free.close();
  await expect(start({ config: { port, adminPort: taken } })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect((await start({ config: { port } })).url).toBe(free.url);
});
