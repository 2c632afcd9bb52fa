/** The files of `bench/results/`: what was measured, where, and of which versions. */
import type { Costs, Deployment, Load } from './model.ts';

export type Measured = {
  measuredOn: string;
  machine: string;
  versions: Record<'vitrine' | 'node' | 'redis', string>;
  rounds: number;
  /** Catalogs that the gateways held. */
  rows: number;
  /** Medians of all rounds. */
  costs: Costs;
  /** The lowest and the highest of any round. */
  spread: Readonly<Record<string, { low: number; high: number }>>;
};

export type Validated = {
  deployment: Deployment;
  seconds: number;
  /** Requests and changes that no gateway answered in time: the machine was too busy. */
  lost: number;
  /** Of a replica, garbage included. */
  peakResidentBytes: number;
  looksPerReplicaPerSecond: number;
  lines: { name: keyof Load; predicted: number; measured: number }[];
};
