import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** True if this machine has a redis-server. */
export const hasRedis: boolean = spawnSync('redis-server', ['--version']).status === 0;

/** A Redis server for one test, on the loopback address. It keeps its data across restarts. */
export interface RedisServer {
  readonly url: string;
  start(): Promise<void>;
  /** Stops the server. With SIGKILL, the data of the last second may be lost. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Stops the server and removes its data. */
  remove(): Promise<void>;
}

/** Makes a server on a free port, without starting it. */
export async function redisServer(): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'clr-redis-'));
  const port = await freePort();
  let child: ChildProcess | undefined;
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (!child || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    async start() {
      const flags = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes'];
      child = spawn('redis-server', flags, { stdio: ['ignore', 'pipe', 'ignore'] });
      for await (const piece of child.stdout!.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
        if (piece.includes('Ready to accept connections')) break;
      }
      child.stdout!.resume();
    },
    stop,
    async remove() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, 'close');
  return port;
}
