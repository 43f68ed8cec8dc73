import 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The folder of PyTorch's numbers, which the development server hands out. */
    oracle: string;
  }
}
