import { MultiBar, Presets } from 'cli-progress';

/** A task with a known number of steps. */
export interface Task {
  readonly name: string;
  readonly steps: number;
}

/** Shows the progress of tasks: bars on a terminal, a line every quarter elsewhere. */
export interface Progress {
  update(name: string, step: number, note: string): void;
  /** Ends the display. Always call it, because a bar hides the cursor. */
  stop(): void;
}

export function createProgress(tasks: readonly Task[], out: NodeJS.WriteStream = process.stdout): Progress {
  return out.isTTY ? bars(tasks, out) : lines(tasks, out);
}

function bars(tasks: readonly Task[], out: NodeJS.WriteStream): Progress {
  const widest = Math.max(...tasks.map(({ name }) => name.length));
  const display = new MultiBar(
    {
      format: '  {name} {bar} {value}/{total}  {note}',
      barsize: 28,
      hideCursor: true,
      stopOnComplete: false,
      clearOnComplete: false,
      stream: out,
      // The demo handles Ctrl-C, so the bar must not.
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  const byName = new Map(
    tasks.map(({ name, steps }) => [name, display.create(steps, 0, { name: name.padEnd(widest), note: '' })]),
  );
  return {
    update: (name, step, note) => byName.get(name)?.update(step, { note }),
    stop: () => display.stop(),
  };
}

function lines(tasks: readonly Task[], out: NodeJS.WriteStream): Progress {
  const totals = new Map(tasks.map(({ name, steps }) => [name, steps]));
  return {
    update(name, step, note) {
      const total = totals.get(name)!;
      // The first step at or past each quarter.
      const quarter = Math.floor((4 * step) / total);
      if (quarter > Math.floor((4 * (step - 1)) / total)) {
        out.write(`  ${name}  ${step}/${total}  ${note}\n`);
      }
    },
    stop() {},
  };
}
