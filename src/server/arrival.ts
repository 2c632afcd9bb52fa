/**
 * What is known of a request that the short ways have handed on to Fastify: its body, which they have read, and how far
 * they came.
 */
import type { IncomingMessage } from 'node:http';
import type { Exchange } from './exchange.ts';

export type Arrival = {
  requestId: string;
  /** Undefined for those without one. */
  body: Buffer | undefined;
  /** Undefined where none was begun. */
  exchange: Exchange | undefined;
  /** Why it has no answer; undefined when the long way is to find one. */
  failure?: unknown;
};

const arrivals = new WeakMap<IncomingMessage, Arrival>();

export function noteArrival(request: IncomingMessage, arrival: Arrival): void {
  arrivals.set(request, arrival);
}

/** @returns Undefined for a request that came to Fastify at once. */
export function arrivalOf(request: IncomingMessage): Arrival | undefined {
  return arrivals.get(request);
}
