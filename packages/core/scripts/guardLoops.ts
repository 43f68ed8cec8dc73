import { beforeEach } from 'vitest';

// Mutated modules count the iterations of all their loops and throw at a limit (see mutants.ts). The count starts at 0
// in each test.
beforeEach(() => {
  (globalThis as { loops?: number }).loops = 0;
});
