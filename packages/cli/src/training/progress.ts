import type { Bar } from 'cli-progress';

/** Shows the progress of a range test, a training or a sweep. */
export interface Progress {
  start(name: string, steps: number, from?: number): void;
  update(step: number, note: string): void;
  /** Must always be called, because a bar hides the cursor until it is stopped. */
  stop(): void;
}

/**
 * Shows a bar on a terminal. Elsewhere, and in CI, it prints a line after each tenth of the steps. It writes to stderr,
 * so that a pipe gets only the result. It never uses colours.
 */
export async function createProgress(
  quiet: boolean,
  out: NodeJS.WriteStream = process.stderr,
): Promise<Progress> {
  if (quiet) return { start() {}, update() {}, stop() {} };
  return out.isTTY && !process.env['CI'] ? bars(out) : lines(out);
}

async function bars(out: NodeJS.WriteStream): Promise<Progress> {
  // Only a terminal needs the package, and loading it takes time.
  const { Presets, SingleBar } = await import('cli-progress');
  let bar: Bar | undefined;
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    start(name, steps, from = 0) {
      stop();
      bar = new SingleBar(
        {
          format: `${name.padEnd(10)} {bar} {value}/{total}  {eta_formatted}  {note}`,
          barsize: 24,
          hideCursor: true,
          stream: out,
          gracefulExit: false,
          etaBuffer: 50,
        },
        Presets.shades_classic,
      );
      bar.start(steps, from, { note: '' });
    },
    update: (step, note) => bar?.update(step, { note }),
    stop,
  };
}

function lines(out: NodeJS.WriteStream): Progress {
  let [name, total, tenth] = ['', 1, 0];
  return {
    start(title, steps, from = 0) {
      [name, total, tenth] = [title, steps, Math.floor((10 * from) / steps)];
    },
    update(step, note) {
      const now = Math.floor((10 * step) / total);
      if (now === tenth || step > total) return;
      tenth = now;
      out.write(`${name}  ${step}/${total}  ${note}\n`);
    },
    stop() {},
  };
}
