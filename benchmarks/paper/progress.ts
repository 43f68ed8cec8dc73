import { Presets, SingleBar } from 'cli-progress';

/**
 * Shows the progress of a run. On a terminal it is a bar with the time left. Elsewhere it is a line after each
 * twentieth of the run.
 */
export interface Progress {
  update(step: number, accuracy: number | undefined): void;
  stop(): void;
}

export function createProgress(name: string, steps: number, from: number): Progress {
  const note = (accuracy: number | undefined): string =>
    accuracy === undefined ? '' : `test accuracy ${(100 * accuracy).toFixed(2)} %`;
  if (!process.stdout.isTTY) {
    return {
      update(step, accuracy) {
        if (Math.floor((20 * step) / steps) > Math.floor((20 * (step - 1)) / steps))
          console.log(`  ${name}  ${step}/${steps}  ${note(accuracy)}`);
      },
      stop() {},
    };
  }
  const bar = new SingleBar(
    {
      format: '  {name} {bar} {value}/{total}  {eta_formatted} left  {note}',
      hideCursor: true,
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  bar.start(steps, from, { name, note: '' });
  return {
    update: (step, accuracy) => bar.update(step, { note: note(accuracy) }),
    stop: () => bar.stop(),
  };
}
