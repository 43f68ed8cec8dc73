import 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** PyTorch's numbers, or null where they are not at hand. */
    oracle: { readonly optimizers: unknown; readonly convnet: unknown } | null;
    /** `CLR_REQUIRE`. */
    required: string;
  }
}
