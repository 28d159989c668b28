/** The caller's side of one request. */
export interface RequestContext {
  /** Aborted when the caller cancels or leaves. A job that was sent goes on. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Asks the person behind the caller for a yes; absent when the caller cannot be asked.
   * `undefined` means that no answer came.
   */
  readonly confirm?: ((question: string) => Promise<boolean | undefined>) | undefined;
}
