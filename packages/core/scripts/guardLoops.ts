import { beforeEach } from 'vitest';

// Mutated modules count the iterations of their loops up to a limit, which starts again for each test: see mutants.ts.
beforeEach(() => {
  (globalThis as { loops?: number }).loops = 0;
});
