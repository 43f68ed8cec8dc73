import 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** `CLR_REQUIRE`. */
    required: string;
  }
}
