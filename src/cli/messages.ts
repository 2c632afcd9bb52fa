/**
 * What a parent and its workers tell each other, over the channel that Node opens between them.
 *
 *   start    worker ── listening, or failed ──► parent
 *   end      parent ── leave_port ──► worker ── port_left ──► parent; when all have left ── stop ──► worker
 *   metrics  worker ── page_wanted ──► parent ── report_wanted ──► every worker ── report ──► parent ── page ──► worker
 */
import type { Report } from '../telemetry/index.ts';

export type ToParent =
  | { kind: 'listening'; url: string; adminUrl: string }
  | { kind: 'failed'; reason: string }
  | { kind: 'port_left'; id: number }
  | { kind: 'page_wanted'; id: number }
  | { kind: 'report'; id: number; answer: Report | undefined };

export type ToWorker =
  | { kind: 'leave_port'; id: number }
  | { kind: 'stop' }
  | { kind: 'report_wanted'; id: number }
  | { kind: 'page'; id: number; answer: string | undefined };
