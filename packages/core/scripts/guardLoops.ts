import { beforeEach } from 'vitest';

// The loops of a mutated module count up to a limit, test by test: see mutants.ts.
beforeEach(() => {
  (globalThis as { loops?: number }).loops = 0;
});
