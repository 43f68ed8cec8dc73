/** As much of an `AbortSignal` as core asks for; core itself knows no DOM. */
export interface AbortSignalLike {
  readonly aborted: boolean;
}
