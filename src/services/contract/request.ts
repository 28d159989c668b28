/** What a person is asked before money is spent. */
export interface Question {
  readonly text: string;
  /** Goes along with the question where the answer comes in a call of its own. */
  readonly mark: string;
  /** Whether a mark that came back is one of this very question, and still good. It is good for one answer. */
  accepts(mark: string): boolean;
}

/** The caller's side of one request. */
export interface RequestContext {
  /** Aborted when the caller cancels or leaves. A job that was sent goes on. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Asks the person behind the caller for a yes; absent when the caller cannot be asked.
   * `undefined` means that no answer came.
   */
  readonly confirm?: ((question: Question) => Promise<boolean | undefined>) | undefined;
}
