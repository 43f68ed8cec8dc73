/** As much of an `AbortSignal` as core asks for; core itself knows no DOM. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  /** Where it is there, an abort does not wait for a batch that never comes. */
  addEventListener?(type: 'abort', listener: () => void): void;
  removeEventListener?(type: 'abort', listener: () => void): void;
}
