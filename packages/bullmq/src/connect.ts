import { Redis } from 'ioredis';
import { fail, inWords } from './errors.ts';

/** The Redis server and the name of a queue. */
export interface QueueOptions {
  /** Redis as a URL: `redis://host:6379`. */
  readonly redis: string;
  /** The name of the queue. Default `clr`. */
  readonly queue?: string;
}

/** Checks the options before anything connects. Without an address, ioredis would take the Redis of this machine. */
export function checkQueue(redis: unknown, queue: unknown): void {
  if (typeof redis !== 'string' || !/^rediss?:\/\/./.test(redis)) {
    throw fail(
      'redis to be a URL that starts with redis:// or rediss://',
      `redis = ${inWords(redis)}`,
      "Pass the server's address: redis://127.0.0.1:6379.",
    );
  }
  if (typeof queue !== 'string' || !/^[^:\s]+$/.test(queue)) {
    const advice = 'Pass a short name, or leave it out.';
    throw fail('queue to be a name without spaces and colons', `queue = ${inWords(queue)}`, advice);
  }
}

/** Connects to Redis. Throws if Redis does not answer now. Later, the connection waits while Redis is unreachable. */
export async function connect(url: string): Promise<Redis> {
  const probe = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 5000 });
  let why = '';
  probe.on('error', (error) => {
    why ||= error.message;
  });
  try {
    await probe.connect();
    await probe.ping();
  } catch (cause) {
    const advice = 'Start Redis, for example with redis-server, or correct the URL.';
    throw fail(`Redis to answer at ${withoutPassword(url)}`, why || (cause as Error).message, advice, {
      cause,
    });
  } finally {
    probe.disconnect();
  }
  const connection = new Redis(url, {
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(100 * times, 500),
  });
  // Ignored, because ioredis reconnects by itself.
  connection.on('error', () => {});
  return connection;
}

const withoutPassword = (url: string): string => url.replace(/:[^:@/]*@/, ':…@');
