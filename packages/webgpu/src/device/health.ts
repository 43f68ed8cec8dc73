import { deviceLost, fromGpuError, GpuError } from '../errors.ts';

/** The trainers and optimizers on each device. Each device gets one listener, which passes events on to all of them. */
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

/**
 * Converts an error that no error scope caught. Only errors about memory and about destroyed buffers may be caused by
 * this package.
 */
function uncaptured(error: GPUError): GpuError {
  const known = fromGpuError(error, 'the commands that were submitted');
  if (known.fault !== 'validation') return known;
  return new GpuError('uncaptured', {
    expected: 'no errors on the device',
    received: error.message.trim(),
    advice: 'Other code on the same device caused this error. Fix that code; the next call continues.',
  });
}

/**
 * Watches one trainer or optimizer on a device. It keeps an error and throws it at the next call, so that no error
 * vanishes. Error scopes catch errors of its own submissions. Other errors arrive by the device's event
 * `uncapturederror`, and `device.lost` reports the loss of the device.
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

  /** Records that the device is lost. Nothing clears this. */
  lose(info: { readonly reason?: string; readonly message: string }): void {
    this.#lost ??= deviceLost(info);
  }

  /** Keeps a fault for the next call. If there are several faults, the first one is kept. */
  report(fault: GpuError): void {
    this.#fault ??= fault;
  }

  /**
   * Throws the kept error. An error that other code caused is thrown once. All other errors stay until {@link clear}.
   */
  check(): void {
    this.checkOpen();
    const fault = this.#take();
    if (fault) throw fault;
  }

  /** Throws after `dispose()`. */
  checkOpen(): void {
    if (this.#disposed) throw disposed();
  }

  /** Returns the kept error, if any. An error that other code on the device caused is returned once. */
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
        () => undefined, // A lost device refuses the scopes; `device.lost` reports it.
      );
      this.#pending.add(caught);
      caught.finally(() => this.#pending.delete(caught));
    }
  }

  /** Waits for the open scopes and returns the kept error. An error that other code caused is returned once. */
  async settled(): Promise<GpuError | undefined> {
    await Promise.all(this.#pending);
    return this.#take();
  }

  /** Like {@link settled}, but also waits for uncaptured errors, whose event may come after the data was read back. */
  async heard(): Promise<GpuError | undefined> {
    this.device.pushErrorScope('validation');
    await this.device.popErrorScope().catch(() => null);
    await new Promise((done) => setTimeout(done, 20));
    return this.settled();
  }

  /** Finds the cause of a rejected device promise. */
  async explain(error: unknown): Promise<unknown> {
    const patience = new Promise<undefined>((done) => setTimeout(done, 100));
    const info = await Promise.race([this.device.lost, patience]);
    if (info) this.lose(info);
    const fault = await this.settled();
    // After dispose(), errors of destroyed buffers do not matter.
    return fault ?? (this.#disposed ? disposed() : error);
  }

  dispose(): void {
    this.#disposed = true;
    watchersOf(this.device).delete(this);
  }
}

function disposed(): GpuError {
  return new GpuError('disposed', {
    expected: 'a trainer or optimizer that was not disposed',
    received: 'a call after dispose(), or one still pending at dispose()',
    advice: 'Create a new trainer or optimizer.',
  });
}
