import { beforeEach } from 'vitest';

// Mutated modules count the iterations of all their loops and throw at a limit (see mutants.ts). Each test counts anew.
beforeEach(() => {
  (globalThis as { loops?: number }).loops = 0;
});
