/**
 * The short ways to an answer, for operations that the long way (Apollo) has admitted before.
 *
 *   kept whole ─► its bytes
 *       └─ no ─► compiled ─► the same under way, begun at the present moment? ─► its answer
 *                    │                         └─ no ─► run ─► without errors: bytes ─► kept, if asked for again
 *                    └─ no ─► the long way ◄───────────────────┴─ with errors
 *
 * Whatever is unusual about a request goes the long way, which says what is wrong with it. So only requests that it
 * would answer are answered here, and byte for byte as it would.
 */
import type { ExecutionResult } from 'graphql';
import type { Answers } from '../data/answers.ts';
import type { MaybePromise, Resource } from '../data/reader.ts';
import type { CompiledOperation, CompiledOperations, OperationText } from '../graphql/index.ts';
import type { Metrics } from '../telemetry/index.ts';
import type { Conclusion, Timed } from './conclusion.ts';
import { begin, contextOf, type Exchange } from './exchange.ts';
import { Representation } from './representation.ts';
import type { Kept, ResponseCache } from './response-cache.ts';

/** A request, as far as its answer depends on it. */
export type Asked = {
  text: OperationText;
  variables: Readonly<Record<string, unknown>>;
  /** What Apollo chose for the request's `Accept`. */
  contentType: string;
  /** The request as it came, where it came before: else its answer is not worth keeping, nor looking for. */
  again: string | undefined;
};

export type Answer = { headers: Record<string, string>; representation: Representation };

type Parts = {
  answers: Answers;
  operations: CompiledOperations;
  conclusion: Conclusion;
  resources: readonly Resource<unknown>[];
  metrics: Metrics;
  /** Undefined where whole answers are not kept. */
  cache: ResponseCache | undefined;
};

type Execution = {
  operation: CompiledOperation;
  contentType: string;
  exchange: Exchange;
  /** Key of its answer, where that is worth keeping. */
  keepAs: string | undefined;
};

/** One execution that others may share, with what it began at. */
type Running = { exchange: Exchange; answer: Promise<Answer | undefined> };

export class AnswerPath {
  readonly #parts: Parts;
  #running = new Map<string, Running>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @param request - What it has in its body, or its address; noted from now on. */
  isAskedAgain(request: Buffer): boolean {
    return this.#parts.cache?.isAskedAgain(request) === true;
  }

  /** @param request - As it came. */
  kept(request: string, asked: Timed): Answer | undefined {
    const kept = this.#parts.cache?.findByRequest(request);
    return kept && this.#answerOf(kept, asked);
  }

  /** @returns Undefined when it has to go the long way; at once, where nothing of it is waited for. */
  answer(asked: Asked, exchange: Exchange): MaybePromise<Answer | undefined> {
    const { cache, operations } = this.#parts;
    const operation = operations.find(asked.text);
    if (operation === undefined) return undefined;
    if (cache === undefined || !isShareable(operation)) return this.#run(operation, asked, exchange);
    const { again } = asked;
    let key: string | undefined;
    if (again !== undefined) {
      key = keyOf(operation, asked);
      const kept = cache.find(key);
      if (kept !== undefined) {
        cache.remember(again, key);
        return this.#answerOf(kept, exchange);
      }
      const running = this.#running.get(key);
      if (running !== undefined && this.#parts.answers.isCurrent(running.exchange.basis)) {
        return exchange.deadline.race(running.answer).then((answer) => answer && this.#joined(answer));
      }
    }
    const answer = this.#run(operation, asked, exchange, key);
    return answer instanceof Promise ? this.#share(key ?? keyOf(operation, asked), { exchange, answer }) : answer;
  }

  /** Identical operations under way share one execution, if it began at the present position of the journal. */
  #share(key: string, own: Running): Running['answer'] {
    this.#running.set(key, own);
    return own.answer.finally(() => {
      if (this.#running.get(key) === own) this.#running.delete(key);
      // Tables that it has outgrown lead from one to the next, and to what was in them (decision 23).
      if (this.#running.size === 0) this.#running = new Map();
    });
  }

  #joined(answer: Answer): Answer {
    this.#parts.metrics.responseCache.inc({ outcome: 'coalesced' });
    const status = answer.headers['cache-status'];
    const isMiss = status?.includes('fwd=miss') && !status.includes('collapsed');
    return isMiss ? { ...answer, headers: { ...answer.headers, 'cache-status': `${status}; collapsed` } } : answer;
  }

  #run(
    operation: CompiledOperation,
    { variables, contentType }: Asked,
    exchange: Exchange,
    keepAs?: string,
  ): MaybePromise<Answer | undefined> {
    const { answers, resources } = this.#parts;
    const result = answers.unpurged(exchange.basis, (basis) => {
      begin(exchange, basis);
      return operation.run(contextOf(exchange, resources), variables);
    });
    const conclude = (result: ExecutionResult | undefined) =>
      this.#conclude(result, { operation, contentType, exchange, keepAs });
    return result instanceof Promise ? result.then(conclude) : conclude(result);
  }

  #conclude(
    result: ExecutionResult | undefined,
    { operation, contentType, exchange, keepAs }: Execution,
  ): Answer | undefined {
    // graphql-jit leaves a list longer than it is when an item of it fails; and what fails need not be quick.
    if (result === undefined || result.errors !== undefined) return undefined;
    const { name: operationName, policy } = operation;
    const headers = this.#parts.conclusion.of({ operationName, policy, errors: [], hasData: true, exchange });
    const bytes = Buffer.from(`${JSON.stringify({ data: result.data })}\n`);
    const answer = { headers, representation: new Representation(bytes, contentType) };
    if (keepAs !== undefined) this.#keep(keepAs, { operation, answer, exchange });
    return answer;
  }

  #keep(
    key: string,
    { operation, answer, exchange }: { operation: CompiledOperation; answer: Answer; exchange: Exchange },
  ): void {
    const { answers, cache } = this.#parts;
    const { outcomes, basis } = exchange;
    const ttlMs = Math.min(...outcomes.map((outcome) => outcome.ttlMs));
    const isFresh = outcomes.length > 0 && ttlMs > 0 && outcomes.every(({ stored }) => stored);
    const cacheControl = answer.headers['cache-control'];
    if (cache === undefined || !isFresh || cacheControl === undefined) return;
    const nowMs = answers.now();
    cache.keep(key, {
      basis,
      name: operation.name,
      oldestMs: nowMs - Math.max(...outcomes.map(({ ageMs }) => ageMs)),
      freshUntilMs: nowMs + ttlMs,
      cacheControl,
      representation: answer.representation,
    });
  }

  #answerOf({ name, cacheControl, representation, oldestMs, freshUntilMs }: Kept, asked: Timed): Answer {
    const nowMs = this.#parts.answers.now();
    const cacheStatus = `Vitrine; hit; ttl=${Math.floor((freshUntilMs - nowMs) / 1000)}`;
    const age = String(Math.max(0, Math.floor((nowMs - oldestMs) / 1000)));
    this.#parts.conclusion.ofKept(asked, { name, cacheStatus });
    return { headers: { 'cache-control': cacheControl, age, 'cache-status': cacheStatus }, representation };
  }
}

/** Public, and good for longer than the moment. */
function isShareable({ policy }: CompiledOperation): boolean {
  return policy !== undefined && policy.scope === 'PUBLIC' && policy.maxAgeMs > 0;
}

/** Two requests have the same key exactly when they ask for the same. */
function keyOf({ id }: CompiledOperation, { variables, contentType }: Asked): string {
  return `${id}\n${contentType}\n${JSON.stringify(canonical(variables))}`;
}

/** Members of objects by name, whatever order they came in. */
function canonical(value: unknown): unknown {
  if (isScalar(value)) return value;
  if (Array.isArray(value)) return value.every(isScalar) ? value : value.map(canonical);
  const members = Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  return Object.fromEntries(members.map(([name, member]) => [name, canonical(member)]));
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}
