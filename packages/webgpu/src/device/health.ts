import { deviceLost, fromGpuError, GpuError } from '../errors.ts';

/** Who wants to hear of a device, so that each device has one listener however many trainings it has. */
const watchers = new WeakMap<GPUDevice, Set<Health>>();

function watchersOf(device: GPUDevice): Set<Health> {
  let watching = watchers.get(device);
  if (!watching) {
    const all = new Set<Health>();
    watchers.set(device, all);
    device.addEventListener('uncapturederror', ({ error }) => {
      for (const health of all) health.report(uncaptured(error));
    });
    device.lost.then((info) => {
      for (const health of all) health.lose(info);
    });
    watching = all;
  }
  return watching;
}

/** An error that nobody took; a lack of memory or a destroyed buffer may well be one of ours. */
function uncaptured(error: GPUError): GpuError {
  const known = fromGpuError(error, 'the commands that were submitted');
  if (known.fault !== 'validation') return known;
  return new GpuError('uncaptured', {
    expected: 'no errors on the device',
    received: error.message.trim(),
    advice: 'Other code on the same device caused it. Fix that code; the next call continues.',
  });
}

/**
 * Watches one user of a device: an error there is kept and thrown at the next call, so that no
 * error vanishes. Errors of its own submissions come from error scopes; everything nobody took comes
 * from the device's `uncapturederror`; the end of the device comes from `device.lost`.
 */
export class Health {
  readonly device: GPUDevice;
  #fault: GpuError | undefined;
  #lost: GpuError | undefined;
  #disposed = false;
  readonly #pending = new Set<Promise<void>>();

  constructor(device: GPUDevice) {
    this.device = device;
    watchersOf(device).add(this);
  }

  /** The device is gone, for good. */
  lose(info: { readonly reason?: string; readonly message: string }): void {
    this.#lost ??= deviceLost(info);
  }

  /** Keeps a fault for the next call; the first one wins. */
  report(fault: GpuError): void {
    this.#fault ??= fault;
  }

  /** Throws what went wrong. An error from elsewhere is thrown once; all others stay until {@link clear}. */
  check(): void {
    this.checkOpen();
    const fault = this.#take();
    if (fault) throw fault;
  }

  /** Throws after `dispose()`. */
  checkOpen(): void {
    if (this.#disposed) throw disposed();
  }

  /** The error, if there was one. An error from other code on the device is reported once. */
  #take(): GpuError | undefined {
    const fault = this.#lost ?? this.#fault;
    if (this.#fault?.fault === 'uncaptured') this.#fault = undefined;
    return fault;
  }

  /** Clears a fault before a restore. A lost device stays lost. */
  clear(): void {
    this.#fault = undefined;
    this.check();
  }

  /** Runs device calls inside error scopes and reports what they catch. */
  inErrorScope<T>(during: string, action: () => T): T {
    const { device } = this;
    device.pushErrorScope('out-of-memory');
    device.pushErrorScope('validation');
    try {
      return action();
    } finally {
      const caught = Promise.all([device.popErrorScope(), device.popErrorScope()]).then(
        ([validation, memory]) => {
          const error = memory ?? validation;
          if (error) this.report(fromGpuError(error, during));
        },
        () => undefined, // the scopes are refused once the device is lost; `lost` says so
      );
      this.#pending.add(caught);
      caught.finally(() => this.#pending.delete(caught));
    }
  }

  /** Waits for the open scopes and says what went wrong; an error from elsewhere only once. */
  async settled(): Promise<GpuError | undefined> {
    await Promise.all(this.#pending);
    return this.#take();
  }

  /** The same, and waits for the device's uncaptured errors too: their event may lag behind what was read back. */
  async heard(): Promise<GpuError | undefined> {
    this.device.pushErrorScope('validation');
    await this.device.popErrorScope().catch(() => null);
    await new Promise((done) => setTimeout(done, 20));
    return this.settled();
  }

  /** The real cause of a rejected device promise. */
  async explain(error: unknown): Promise<unknown> {
    const patience = new Promise<undefined>((done) => setTimeout(done, 100));
    const info = await Promise.race([this.device.lost, patience]);
    if (info) this.lose(info);
    const fault = await this.settled();
    // Errors of destroyed buffers do not matter any more.
    return fault ?? (this.#disposed ? disposed() : error);
  }

  dispose(): void {
    this.#disposed = true;
    watchersOf(this.device).delete(this);
  }
}

function disposed(): GpuError {
  return new GpuError('disposed', {
    expected: 'a training that is still open',
    received: 'a call after dispose(), or one still pending at dispose()',
    advice: 'Create a new trainer or optimizer.',
  });
}
