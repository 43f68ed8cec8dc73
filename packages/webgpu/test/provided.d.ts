import 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The value of the environment variable `CLR_REQUIRE`. */
    required: string;
  }
}
