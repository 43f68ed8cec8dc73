/** A file to write, completely or not at all. */
export interface OutputFile {
  readonly path: string;
  readonly content: string | Uint8Array;
}

/** The result of a command, to be printed and written once the command has succeeded. */
export interface Outcome {
  /** The text for stdout. */
  readonly text: string;
  readonly files?: readonly OutputFile[];
  /** The input files, which none of {@link files} may overwrite. */
  readonly inputs?: readonly string[];
  /** Default 0. */
  readonly exitCode?: number;
}

/** The flags of a command, without their dashes. */
export type Flags = Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>;

/** A command: its help, its flags and what it does. */
export interface Command {
  readonly help: string;
  readonly flags: Flags;
  run(args: readonly string[]): Promise<Outcome>;
}
