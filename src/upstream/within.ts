/** Work under a signal and a deadline: whichever comes first ends it at once, whether the work listens or not. */

/** @throws The signal's reason, as soon as it aborts. */
export async function untilAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

export type Deadline = { timeoutMs: number; signal: AbortSignal; timeoutError: () => Error };

/**
 * @param work - Gets a signal that aborts at the deadline and with the outer signal, with that one's reason.
 * @throws `timeoutError()` at the deadline, the outer signal's reason when it aborts.
 */
export async function within<T>(deadline: Deadline, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(deadline.timeoutError()), deadline.timeoutMs);
  const forward = () => controller.abort(deadline.signal.reason);
  deadline.signal.addEventListener('abort', forward, { once: true });
  if (deadline.signal.aborted) forward();
  try {
    return await untilAborted(controller.signal, () => work(controller.signal));
  } finally {
    clearTimeout(timer);
    deadline.signal.removeEventListener('abort', forward);
  }
}
